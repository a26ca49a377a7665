// A Modbus slave that nobody here wrote (modbus-serial).
//
//     node modbus_slave.js IMAGE tcp PORT | serial PATH
//
// IMAGE is a JSON file: {"unit": 7, "coil": [false, ...], "discrete": [...], "holding": [0, ...], "input": [...]}.
// It says "ready" when it serves, and at SIGTERM the image as JSON, as it is then.
"use strict";

const fs = require("fs");
const { ServerSerial, ServerTCP } = require("modbus-serial");

const [path, kind, place] = process.argv.slice(2);
const image = JSON.parse(fs.readFileSync(path, "utf8"));

function place_of(table, address) {
    if (address >= image[table].length) {
        throw Object.assign(new Error("no such address"), { modbusErrorCode: 2 });
    }
    return address;
}

const get = (table) => (address) => image[table][place_of(table, address)];
const set = (table) => (address, value) => {
    image[table][place_of(table, address)] = value;
};
const vector = {
    getCoil: get("coil"),
    getDiscreteInput: get("discrete"),
    getHoldingRegister: get("holding"),
    getInputRegister: get("input"),
    setCoil: set("coil"),
    setRegister: set("holding"),
    reportServerID: () => ({ id: image.unit, running: true, additionalData: Buffer.from("Node") }),
    readDeviceIdentification: () => image.identity,
};
const server = kind === "tcp"
    ? new ServerTCP(vector, { host: "127.0.0.1", port: Number(place), unitID: image.unit })
    : new ServerSerial(vector, { port: place, baudRate: 115200, parity: "none", unitID: image.unit });

server.on("initialized", () => console.log("ready"));
server.on("error", (error) => console.error(error.message));
process.on("SIGTERM", () => {
    fs.writeSync(1, JSON.stringify(image) + "\n");
    process.exit(0);
});
