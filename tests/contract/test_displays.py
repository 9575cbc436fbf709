"""Notebooks: every public result has a display of its own, keys and names complete."""

import inspect
from html.parser import HTMLParser

import pytest

import costmodel as cm
from costmodel.tables import Table

RESULTS = {
    "predict": lambda: cm.predict("mobilenet_cifar"),
    "memory": lambda: cm.memory("mobilenet_cifar", order="given"),
    "fuse": lambda: cm.fuse("mobilenet_v2", "256 KiB"),
    "patches": lambda: cm.patches("mobilenet_v2", "stage3/block1/project", (4, 4)),
    "formula": lambda: cm.formula("conv"),
    "traffic": lambda: cm.traffic("mobilenet_cifar", sram="64 KiB"),
    "ski_slope": lambda: cm.ski_slope("mobilenet_cifar", ["16 KiB", "1 MiB"]),
    "reconcile": lambda: cm.reconcile(cm.zoo.mobilenet_cifar()),
    "flavour_study": lambda: cm.flavour_study(kernel_sizes=[3]),
    "break_even_kernel": lambda: cm.break_even_kernel("depthwise_separable"),
    "break_even_balance": lambda: cm.break_even_balance("depthwise_separable"),
    "speed_up": lambda: cm.speed_up(kernel_size=3),
    "speed_up_by_balance": lambda: cm.speed_up_by_balance(),
    "check": lambda: cm.check("mobilenet_cifar", {"network": {"macs": "1M"}}),
    "compare": lambda: cm.compare("mobilenet_v1", "mobilenet_v2"),
    "compare_by": lambda: cm.compare_by(cm.predict("mobilenet_v1"), cm.predict("mobilenet_v2"), by="kind"),
    "solve": lambda: cm.solve("mobilenet_cifar", "pardhi", "time_serial_s <= 5 ms", for_="hardware.ddr"),
    "sensitivity": lambda: cm.sensitivity("mobilenet_cifar", "pardhi", metrics=["time_serial_s"]),
    "what_helps": lambda: cm.what_helps("mobilenet_cifar", "pardhi"),
    "regimes": lambda: cm.regimes("mobilenet_cifar", "pardhi"),
    "pareto": lambda: cm.pareto({"macs": [1, 2, 3], "time_s": [3, 1, 2]}, ["macs", "time_s"]),
    "sweep": lambda: cm.sweep("mobilenet_cifar", "pardhi", {"hardware.ddr": ["1 GB/s", "2 GB/s"]}),
    "elasticity": lambda: cm.elasticity(cm.formula("conv").expression, "k"),
    "Hardware": lambda: cm.Hardware.load("pardhi"),
    "Network": lambda: cm.zoo.mobilenet_cifar(),
    "sequential": lambda: cm.zoo.mobilenet_cifar(),
    "Prediction.explain": lambda: cm.predict("mobilenet_cifar").explain("conv1"),
    "Derivation": lambda: cm.predict("mobilenet_cifar").explain()["time_serial_s"],
    "Row": lambda: cm.predict("mobilenet_cifar")[0],
    "Total": lambda: cm.predict("mobilenet_cifar").total,
    "Table": lambda: cm.predict("mobilenet_cifar").shares(),
}
"""What each public function gives."""
OTHERWISE = {
    "Input",
    "read",
    "evaluate",
    "symbols",
    "Prediction",
    "CostModelError",
    "measure",
    "calibrate",
}
"""Tensors while a network is built, what is tested with the readers, numbers, SymPy's own, made by predict, an exception, what is
tested with calibration."""
HTML = [  # but formulas, which are LaTeX, and sweeps, whose page is xarray's
    name
    for name in RESULTS
    if name not in ("sweep", "formula", "break_even_kernel", "break_even_balance", "elasticity", "Prediction.explain", "Derivation")
]


def test_every_public_function_is_here() -> None:
    public = {name for name in cm.__all__ if callable(getattr(cm, name)) and not inspect.ismodule(getattr(cm, name))}
    assert public - OTHERWISE <= RESULTS.keys()


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_a_rich_display(name: str) -> None:
    result = RESULTS[name]()
    shown = [getattr(result, method)() for method in ("_repr_html_", "_repr_markdown_", "_repr_latex_") if hasattr(result, method)]
    assert shown
    assert all(isinstance(text, str) and text.strip() for text in shown)
    assert repr(result)


class Balanced(HTMLParser):
    """Fails where a tag is closed that isn't open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def balanced(text: str) -> bool:
    parser = Balanced()
    parser.feed(text)
    return not parser.open


@pytest.mark.parametrize("name", HTML)
def test_html_is_balanced(name: str) -> None:
    assert balanced(RESULTS[name]()._repr_html_())


def test_keys_complete() -> None:
    p = cm.predict("mobilenet_cifar")
    assert p._ipython_key_completions_()[:2] == ["conv1", "block1/dw"]
    assert all(p[name].name == name for name in p._ipython_key_completions_())
    traffic = cm.traffic("mobilenet_cifar", sram="64 KiB")
    assert all(traffic[name].name == name for name in traffic._ipython_key_completions_())


def test_names_complete() -> None:
    assert {"check", "compare", "report", "plot"} <= set(dir(cm))
    assert dir(cm) == sorted(cm.__all__)
    assert "mobilenet_v1" in dir(cm.zoo)
    assert "Conv2d" in dir(cm.layers)


def test_a_machine_shows_its_sources_and_a_network_its_layers() -> None:
    table = cm.Hardware.load("stm32f746").table()
    assert isinstance(table, Table)
    assert any(row["source"].endswith("(estimate)") for row in table.rows)
    network = cm.zoo.mobilenet_cifar().table()
    assert sum(row["macs"] for row in network.rows) == network.footer["macs"] == 452_058_368


def test_a_row_shows_every_figure_with_its_unit() -> None:
    text = cm.predict("mobilenet_v1")["conv1"]._repr_html_()
    for shown in ("10.84M", "147.8 KiB", "293.5 µs", "1x3x224x224", "28.29 µJ", "7.39 %"):
        assert shown in text


def test_rows_and_totals_show_the_assumptions() -> None:
    p = cm.predict("mobilenet_v1", traffic="tiled")
    for part in (p["conv1"], p.total):
        assert "assumptions: traffic tiled" in part._repr_html_()
