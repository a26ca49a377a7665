"""pymodbus' own server, in a thread."""
import asyncio
import threading

import harness
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def device(unit, *, coils, discretes, holding, inputs):
    """Each of `values` and, where the first is not at 0, its number: (100, [1, 2, 3])."""
    def block(values, kind):
        first, values = values if isinstance(values, tuple) else (0, values)
        return [SimData(first, values=values, datatype=kind)]
    return SimDevice(unit, simdata=(
        block(coils, DataType.BITS), block(discretes, DataType.BITS),
        block(holding, DataType.REGISTERS), block(inputs, DataType.REGISTERS)))


class Server:
    """`rtu`: RTU frames over TCP. `trace(sending, pdu)` sees, and may change, what comes and goes."""

    def __init__(self, slave, *, rtu=False, trace=None, identity=None):
        self.port = harness.free_port()
        self._slave, self._identity = slave, identity
        self.framer = FramerType.RTU if rtu else FramerType.SOCKET
        self._trace = trace or (lambda sending, pdu: pdu)
        self._ready = threading.Event()
        self._loop = self._server = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    async def _serve(self):
        self._server = ModbusTcpServer(self._slave, framer=self.framer, trace_pdu=self._trace,
                                       address=("127.0.0.1", self.port), identity=self._identity)
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
