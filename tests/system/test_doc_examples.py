"""What a technician copies out of the documentation is what `leat check` takes."""
import pathlib
import re

import harness
import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEMPLATE_FILE = "vendor:"  # test_templates.py has those

MQTT = "devices:\n  - name: a\n    driver: mqtt\n    broker: mqtt://192.0.2.1\n    version: 5\n"
MODBUS = "devices:\n  - name: a\n    driver: modbus-tcp\n    address: 192.0.2.1\n    interval: 1s\n"
SPARKPLUG = "    subscriptions:\n      - topic: spBv1.0/plant-1/#\n        payload: sparkplug\n"
VALUE = "    subscriptions:\n      - { topic: a, points: [{ name: v, path: v }] }\n"

# What stands around a piece, by how it begins: the longest that fits.
AROUND = {
    "devices:": ("", ""),
    "writes:": ("", ""),
    "  - ": ("devices:\n", ""),
    "    will:": (MQTT, VALUE),
    "    sparkplug:": (MQTT, SPARKPLUG),
    "        points:": (MQTT + SPARKPLUG, ""),
    "      - topic:": (MQTT + "    subscriptions:\n", ""),
    "      - { topic:": (MQTT + "    subscriptions:\n", ""),
    "      - { name:": (MODBUS + "    points:\n", ""),
}


def examples():
    for path in [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]:
        for number, block in enumerate(BLOCK.findall(path.read_text(encoding="utf-8")), 1):
            if not block.startswith(TEMPLATE_FILE):
                yield pytest.param(block, id=f"{path.stem}-{number}")


def whole(block, folder):
    """(main file, device file or None) around a piece of documentation."""
    head = harness.leat_yaml(folder, "").partition("devices:")[0]
    head += f"templates: '{TOP / 'drivers/templates'}'\n"
    if block.startswith("site:"):
        return block.replace("/var/lib/leat", str(folder)).replace("/srv/lake", str(folder)), None
    if block.startswith(("name:", "template:")):
        device = "name: a\ndriver: modbus-tcp\naddress: 192.0.2.1\n" if block[0] == "t" else ""
        return head, device + block
    fitting = [key for key in AROUND if block.startswith(key)]
    assert fitting, f"nothing is known to stand around {block[:40]!r}"
    before, behind = AROUND[max(fitting, key=len)]
    return head + before + block + behind, None


@pytest.mark.parametrize("block", list(examples()))
def test_leat_check_takes_it(block, agent, tmp_path):
    main, device = whole(block, tmp_path)
    subject = agent(main)
    if device:
        (subject.folder / "devices").mkdir(exist_ok=True)
        (subject.folder / "devices" / "a.yaml").write_text(device, encoding="utf-8")
    said = subject.command("check")
    assert said.returncode == 0, said.stdout + said.stderr
