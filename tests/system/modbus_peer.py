"""A Modbus TCP slave that nobody here wrote (pymodbus), in a thread, with manners to choose.

`peer.registers` and `peer.coils` are read and set through a connection of pymodbus' own client.
Manners: `exceptions` {function code: exception code}, `ignored` (write requests are answered as
usual, but another value is kept), `silent` (no answer to these function codes).
"""
import asyncio
import threading

import harness
from pymodbus.client import ModbusTcpClient
from pymodbus.pdu import ExceptionResponse
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


class Peer:
    def __init__(self, identity=None):
        self.exceptions = {}
        self.ignored = False
        self.seen = []  # function codes of the requests, as they came
        self.port = harness.free_port()
        self._identity = identity
        self._ready = threading.Event()
        self._loop = self._server = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _trace(self, sending, pdu):
        function = pdu.function_code & 0x7F
        if sending:
            if function in self.exceptions:
                refusal = ExceptionResponse(function, self.exceptions[function])
                refusal.transaction_id, refusal.dev_id = pdu.transaction_id, pdu.dev_id
                return refusal
            return pdu
        self.seen.append(function)
        if self.ignored and function in (6, 16):
            pdu.registers = [7] * len(pdu.registers)
        if function in self.exceptions and function in (5, 6, 15, 16, 22):
            pdu.address = 9000  # a refused write changes nothing
        return pdu

    async def _serve(self):
        device = SimDevice(0, simdata=(
            [SimData(0, count=10000 // 16, values=False, datatype=DataType.BITS)],
            [SimData(0, count=100, values=False, datatype=DataType.BITS)],
            [SimData(0, count=10000, values=0, datatype=DataType.REGISTERS)],
            [SimData(0, count=10000, values=0, datatype=DataType.REGISTERS)]))
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port),
                                       trace_pdu=self._trace, identity=self._identity)
        await self._server.serve_forever(background=True)
        self._ready.set()
        await self._server.serving

    def _run(self):
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._serve())
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    def start(self):
        self._thread.start()
        if not self._ready.wait(20):
            raise harness.Trouble("pymodbus' server did not start")
        return self

    def close(self):
        if self._loop is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(10)
            self._thread.join(10)

    def client(self):
        client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=10)
        assert client.connect()
        return client
