"""A Modbus TCP slave that nobody here wrote (pymodbus), in a thread, with manners to choose.

`peer.registers` and `peer.coils` are read and set through a connection of pymodbus' own client.
Manners: `exceptions` {function code: exception code}, `ignored` (write requests are answered as
usual, but another value is kept). pymodbus knows the frames of functions 20 and 24 but keeps no
files and queues: `files` {file: function of record number and length that gives registers, or raises
KeyError} and `queues` {address: registers} do.
"""
import struct

from pymodbus.client import ModbusTcpClient
from pymodbus.pdu import ExceptionResponse
from pymodbus_server import Server, device

REGISTERS = 10000
READ_FILE_RECORD, READ_FIFO_QUEUE = 20, 24


class Peer(Server):
    def __init__(self, identity=None, rtu=False):
        super().__init__(device(0, coils=[False] * REGISTERS, discretes=[False] * 1600,
                                holding=[0] * REGISTERS, inputs=[0] * REGISTERS),
                         trace=self._change, identity=identity, rtu=rtu)
        self.exceptions = {}
        self.ignored = False
        self.seen = []  # function codes of the requests, as they came
        self.files, self.queues = {}, {}
        self._asked = None  # of a file or a queue

    def _refusal(self, pdu, exception):
        refusal = ExceptionResponse(pdu.function_code & 0x7F, exception)
        refusal.transaction_id, refusal.dev_id = pdu.transaction_id, pdu.dev_id
        return refusal

    def _fill(self, pdu):
        """The answer to a question about files or queues."""
        try:
            if pdu.function_code == READ_FIFO_QUEUE:
                pdu.values = self.queues[self._asked]
                return pdu
            for record, (file, number, length) in zip(pdu.records, self._asked):
                registers = self.files[file](number, length)
                record.record_data = struct.pack(f">{len(registers)}H", *registers)
        except KeyError:
            return self._refusal(pdu, 2)
        return pdu

    def _change(self, sending, pdu):
        function = pdu.function_code & 0x7F
        if sending:
            if function in self.exceptions:
                return self._refusal(pdu, self.exceptions[function])
            return self._fill(pdu) if pdu.function_code in (READ_FILE_RECORD, READ_FIFO_QUEUE) else pdu
        self.seen.append(function)
        if function == READ_FILE_RECORD:  # pymodbus halves the lengths, and refuses odd ones
            self._asked = [(record.file_number, record.record_number, 2 * record.record_length)
                           for record in pdu.records]
        if function == READ_FIFO_QUEUE:
            self._asked = pdu.address
        if self.ignored and function in (6, 16):
            pdu.registers = [7] * len(pdu.registers)
        if function in self.exceptions and function in (5, 6, 15, 16, 22):
            pdu.address = 9000  # a refused write changes nothing
        return pdu

    def client(self):
        client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=10, framer=self.framer)
        assert client.connect()
        return client
