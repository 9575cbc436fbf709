"""The public face: what it names exists, is light to import, and agrees with the documentation of errors."""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

import costmodel as cm

HEAVY = (
    "numpy", "networkx", "sympy", "xarray", "dask", "pandas", "altair", "vl_convert", "onnx", "torch", "keras", "rich", "typer",
)  # fmt: skip


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, costmodel; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_prediction_of_plain_numbers_loads_nothing_heavy() -> None:
    code = f"import sys, costmodel as cm; cm.predict('mobilenet_v1').to_json(); print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""


def without(absent: tuple[str, ...], code: str) -> "subprocess.CompletedProcess[str]":
    """Python as of a user who has not installed these."""
    words = [sys.executable, "-c", WITHOUT.format(absent=absent) + code]
    return subprocess.run(
        words, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False
    )


def test_results_are_shown_in_a_terminal_without_any_extra() -> None:
    code = "import costmodel as cm; print(cm.predict('mobilenet_cifar')); print(cm.traffic('lenet_300_100'))"
    found = without(("rich", "typer", "pandas", "xarray", "altair", "onnx"), code)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("mobilenet_cifar on pardhi")


@pytest.mark.parametrize(
    "start", ["import runpy; runpy.run_module('costmodel', run_name='__main__')", "from costmodel.__main__ import main; main()"]
)
def test_the_shell_says_which_line_installs_it(start: str) -> None:
    found = without(("rich", "typer"), start)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "costmodel: the shell command needs typer; install it with: pip install 'costmodel[cli]'\n"


@pytest.mark.parametrize("name", cm.__all__)
def test_every_public_name_exists_and_is_documented(name: str) -> None:
    assert getattr(cm, name).__doc__


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cm.nothing


def test_the_tree_of_errors_is_complete() -> None:
    drawn = cm.errors.__doc__ or ""
    for error in vars(cm.errors).values():
        if isinstance(error, type) and issubclass(error, Exception):
            assert error.__name__ in drawn
            assert issubclass(error, cm.CostModelError)


def test_a_network_wins_over_the_module_of_its_name() -> None:
    """Whoever imported the module first: `zoo.googlenet` is the function."""
    code = "import costmodel.zoo.googlenet, costmodel as cm; print(cm.zoo.googlenet().macs)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "1582671872"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cm.symbols(3), "`names` (=3) must hold at least one name"),
        (lambda: cm.formula(3), "unknown formula 3"),
        (lambda: cm.zoo.build(3), "unknown network 3"),
        (lambda: cm.sequential((1, 3, 8, 8), [3]), "`steps` must be layers or blocks, such as Conv2d(32, 3), got 3"),
        (lambda: cm.reconcile(3), "`network` must be a Network, the name of one in the zoo or a file, got int"),
        (lambda: cm.measure(3), "`network` must be a Network, the name of one in the zoo or a file, got int"),
        (lambda: cm.measure(["nothing"]), "unknown network 'nothing'"),
        (lambda: cm.calibrate(3), "`measurements` must be Measurements or the path of a file of them, got int"),
        (lambda: cm.report.markdown("mobilenet_v1"), "`prediction` must be a Prediction, as costmodel.predict makes it, got str"),
        (lambda: cm.report.page(3), "`prediction` must be a Prediction, as costmodel.predict makes it, got int"),
    ],
)
def test_what_is_none_of_what_is_asked_for_is_refused_in_words(call: Callable[[], object], message: str) -> None:
    with pytest.raises(cm.CostModelError, match=re.escape(message)):
        call()
