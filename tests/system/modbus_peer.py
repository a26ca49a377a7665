"""A Modbus TCP slave that nobody here wrote (pymodbus), in a thread, with manners to choose.

`peer.registers` and `peer.coils` are read and set through a connection of pymodbus' own client.
Manners: `exceptions` {function code: exception code}, `ignored` (write requests are answered as
usual, but another value is kept).
"""
from pymodbus.client import ModbusTcpClient
from pymodbus.pdu import ExceptionResponse
from pymodbus_server import Server, device

REGISTERS = 10000


class Peer(Server):
    def __init__(self, identity=None):
        super().__init__(device(0, coils=[False] * REGISTERS, discretes=[False] * 1600,
                                holding=[0] * REGISTERS, inputs=[0] * REGISTERS),
                         trace=self._change, identity=identity)
        self.exceptions = {}
        self.ignored = False
        self.seen = []  # function codes of the requests, as they came

    def _change(self, sending, pdu):
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

    def client(self):
        client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=10)
        assert client.connect()
        return client
