"""The public face: what it names exists, is light to import, and agrees with the documentation of errors."""

import subprocess
import sys

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
