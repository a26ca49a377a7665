"""Fixtures of the whole-system tests. Everything a fixture starts is ended when its test ends."""
import pathlib

import harness
import pytest


def pytest_addoption(parser):
    parser.addoption("--build", type=pathlib.Path, default=harness.ROOT / "build/dev",
                     help="build folder of the programs under test (default build/dev, sanitized)")
    parser.addoption("--release-build", type=pathlib.Path, default=harness.ROOT / "build/release",
                     help="build folder for tests of memory and speed (default build/release)")


@pytest.fixture(scope="session")
def programs(pytestconfig):
    """leat, leat_lake, modbus_slave with sanitizers."""
    return harness.Programs(pytestconfig.getoption("build"))


@pytest.fixture(scope="session")
def release_programs(pytestconfig):
    """The same as shipped: for tests of memory and speed."""
    return harness.Programs(pytestconfig.getoption("release_build"))


@pytest.fixture
def closing():
    """closing(thing) calls thing.close() at the end of the test, the last one first."""
    things = []

    def keep(thing):
        things.append(thing)
        return thing
    yield keep
    for thing in reversed(things):
        thing.close()


@pytest.fixture
def free_port():
    return harness.free_port


@pytest.fixture
def broker(tmp_path, closing):
    """broker(**options of harness.Broker) starts a mosquitto."""
    def start(name="broker", **options):
        return closing(harness.Broker(tmp_path / name, **options)).start()
    return start


@pytest.fixture
def certificates(tmp_path):
    """A CA and a server certificate for localhost."""
    return harness.Certificates.make(tmp_path / "certificates")


@pytest.fixture
def slave(tmp_path, closing, programs):
    """slave(points, **options of harness.ModbusSlave) starts a Modbus TCP slave."""
    def start(points, name="slave", **options):
        return closing(harness.ModbusSlave(programs, tmp_path / name, points, **options)).start()
    return start


@pytest.fixture
def agent(tmp_path, closing, programs):
    """agent(yaml, **options of harness.Agent) makes an agent, not started. A report of a sanitizer
    fails the test."""
    made = []

    def make(config, folder=None, programs=programs, **options):
        made.append(harness.Agent(programs, folder or tmp_path, config, **options))
        return closing(made[-1])
    yield make
    for one in made:
        one.close()
        assert one.sanitizer_reports() == []
