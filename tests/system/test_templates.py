"""Device templates: what they say of a register is what the agent reads from a slave."""
import re
import struct

import harness
import pytest
from publisher import rows
from test_running import upload

FOLDER = harness.ROOT / "drivers/templates"
FIELDS = re.compile(r"(\w+): ([^,}\"]+|\"[^\"]*\")")


def points_of(template):
    """The points of a template as the slave takes them."""
    text = (FOLDER / f"{template}.yaml").read_text(encoding="utf-8")
    order = re.search(r"^device: .*order: (\w+)", text, re.M)
    for line in text.splitlines():
        if line.startswith("  - { "):
            point = {key: value.strip() for key, value in FIELDS.findall(line)}
            number = int(point["address"].split(":")[1].split(".")[0], 0)
            address = re.sub(r":[^.]*", f":{number}", point["address"], count=1)
            yield (point["name"], address, point["type"],
                   order.group(1) if order and point["type"] != "bool" else "", 1000)


def number(raw):
    """A value of the journal; floats stand there as their bytes."""
    if not isinstance(raw, str):
        return raw
    return struct.unpack(">f" if len(raw) == 8 else ">d", bytes.fromhex(raw))[0]


@pytest.mark.parametrize("template", ["eastron-sdm630", "carlo-gavazzi-em21", "abb-b23",
                                      "janitza-umg", "siemens-pac4200", "huawei-sun2000"])
def test_what_the_slave_served_is_what_the_lake_holds(agent, slave, tmp_path, template):
    points = list(points_of(template))
    plant = slave(points)
    subject = agent(harness.leat_yaml(
        tmp_path, f"  - {{ name: meter, driver: modbus-tcp, address: '127.0.0.1:{plant.port}', "
        f"template: {template}, interval: 1s }}\n", max_age="2s")
        + f"\ntemplates: '{FOLDER}'\n")
    subject.start().wait_status(lambda status: status["totals"]["queued"] >= 2 * len(points))
    assert subject.stop().code == 0
    plant.stop()
    upload(subject)
    served, stored = {}, {}
    for entry in plant.journal():
        served.setdefault(entry["name"], []).append(number(entry["raw"]))
    for row in sorted(rows(tmp_path / "lake"), key=lambda row: row["seq"]):
        assert row["quality"] == 0, row
        value = row["value_int"] if row["value_double"] is None else row["value_double"]
        stored.setdefault(row["point_id"].removeprefix("meter/"), []).append(value)
    assert stored == served
    assert set(stored) == {name for name, *_ in points}
