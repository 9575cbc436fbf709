"""What `costmodel check` prints where limits are kept, exceeded, and where the budget is wrong; and an explanation."""

import subprocess
import sys
from pathlib import Path

import pytest

import costmodel as cm

KEPT = """
[network]
macs = "600M"
time = "10 ms"
[stage."112 x 112"]
time = "3 ms"
"""
EXCEEDED = """
[predict]
hardware = "pardhi"
[network]
macs = "500M"
parameters = "4.3M"
peak_live_bytes = "1 MiB"
energy = "1 mJ"
[layer."block*/dw"]
ddr_bytes = "256 KiB"
[baseline]
file = "baseline.json"
growth = "2 %"
macs = "80 %"
"""
MALFORMED = """
[network]
macs = "600 MB"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "baseline.json").write_text(cm.predict(cm.zoo.mobilenet_v1(width_multiplier=0.75)).to_json())
    return tmp_path


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
@pytest.mark.parametrize(("budget", "code"), [(KEPT, 0), (EXCEEDED, 1), (MALFORMED, 2)], ids=["kept", "exceeded", "malformed"])
def test_check(budget: str, code: int, form: str, folder: Path, snapshot) -> None:
    if code == 2 and form != "text":
        pytest.skip("a message, whatever the format")
    (folder / "budget.toml").write_text(budget)
    words = [sys.executable, "-m", "costmodel", "check", "mobilenet_v1", "--budget", "budget.toml", "--format", form]
    path = str(Path(cm.__file__).parent.parent)
    environment = {"SOURCE_DATE_EPOCH": "0", "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "PATH": ""}
    found = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False, cwd=folder, env=environment)
    assert found.returncode == code
    assert found.stdout + found.stderr == snapshot


@pytest.mark.parametrize("form", ["text", "markdown", "latex"])
def test_explanation(form: str, snapshot) -> None:
    assert getattr(cm.predict("mobilenet_v1").explain("block1/pw"), f"to_{form}")() == snapshot


def test_difference(snapshot) -> None:
    assert cm.compare("mobilenet_v1", cm.zoo.mobilenet_v1(width_multiplier=0.75)).to_markdown() == snapshot


def test_markdown_for_a_pull_request(snapshot) -> None:
    assert cm.report.markdown(cm.predict("mobilenet_cifar")) == snapshot
