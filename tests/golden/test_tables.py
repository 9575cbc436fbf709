"""Tables as people see them. `make golden` writes them anew; read the difference before committing it."""

import pytest

import costmodel as cm
from costmodel import published

FORMATS = ("table", "markdown", "latex", "html", "csv")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("network", ["mobilenet_cifar", "mobilenet_v1"])
def test_prediction(network: str, format: str, snapshot) -> None:
    assert cm.predict(network, "pardhi").table(exact=format == "csv").render(format) == snapshot


@pytest.mark.parametrize("corrections", ["none", "all"])
def test_pardhi_tables(corrections: str, snapshot) -> None:
    assert "\n".join(table.render("table") for table in published.tables(corrections)) == snapshot


@pytest.mark.parametrize("view", ["waterfall", "errata", "claims", "formulas"])
def test_pardhi_views(view: str, snapshot) -> None:
    assert published.show("pardhi", view=view)[0].render("table") == snapshot


@pytest.mark.parametrize("document", ["bobiev", "slides"])
def test_printed_formulas(document: str, snapshot) -> None:
    assert published.formulas(document).render("table") == snapshot


@pytest.mark.parametrize("flavour", sorted(cm.blocks.FLAVOURS))
@pytest.mark.parametrize("metric", ["macs", "weights", "ddr_bytes", "time_serial_s"])
def test_closed_forms(flavour: str, metric: str, snapshot) -> None:
    assert cm.formula("conv", flavour=flavour, metric=metric).render() == snapshot
