"""Rows and columns chosen from a table."""

import io

import pytest

import costmodel as cm
from costmodel.tables import Column, Table

TABLE = Table([Column("a", "a"), Column("b", "b", "")], [{"a": "x", "b": 1}, {"a": "y", "b": 2}, {"a": "x", "b": 3}], notes=["n"])


def test_rows_that_hold_values() -> None:
    assert [row["b"] for row in TABLE.where(a="x").rows] == [1, 3]
    assert [row["b"] for row in TABLE.where(a="x", b=[2, 3]).rows] == [3]
    assert TABLE.where(a="x").notes == ("n",)


def test_columns_in_order() -> None:
    assert TABLE.select("b", "a").to_csv() == "b,a\n1,x\n2,y\n3,x\n"


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="unknown column 'c'"):
        TABLE.where(c=1)
    with pytest.raises(cm.errors.UnknownNameError, match="unknown column 'c'"):
        TABLE.select("c")


def test_formulas_are_cut_on_a_screen_and_whole_in_text() -> None:
    n = cm.symbols("n")
    long = sum(n**power for power in range(12))
    table = Table([Column("layer", "layer"), Column("macs", "MACs", "")], [{"layer": "conv", "macs": long}] * 2)
    screen, text = table.narrowed(60), table.to_text()
    assert "formulas are cut to fit: --format markdown has them whole" in screen.notes
    assert max(len(cell) for cell in screen._texts()[0][0]) == 24
    assert str(long) in text
    assert "conv" in text
    wide = Table([Column("layer", "layer"), Column("macs", "MACs", "")], [{"layer": "conv", "macs": sum(n**k for k in range(3000))}])
    assert "conv" in wide.to_text()


def test_plain_text_is_laid_out_as_rich_lays_it_out() -> None:
    console = pytest.importorskip("rich.console", reason="the extra cli is not installed")
    columns = [Column("layer", "層"), Column("macs", "MACs", ""), Column("kind", "kind")]
    rows = [{"layer": "畳み込み", "macs": 3, "kind": "conv2d"}, {"layer": "é", "macs": 123_456_789, "kind": None}]
    for footer in (None, {"layer": "total", "macs": 1}):
        table = Table(columns, rows, title="t", notes=["one", "two"], footer=footer)
        stream = io.StringIO()
        console.Console(file=stream, width=200, color_system=None, force_jupyter=False).print(table.to_rich())
        assert table.to_text().splitlines() == [line.rstrip() for line in stream.getvalue().splitlines()]


def test_formulas_are_written_as_sympy_does_and_each_part_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import sympy as sp
    from sympy.printing.str import StrPrinter

    from costmodel import quantities

    h, w = cm.symbols("H", integer=True), cm.symbols("W", integer=True)
    x = cm.layers.Conv2d(8, 3, stride=2, padding=1)(cm.Input((1, 3, h, w)))
    total = cm.predict(cm.Network.of(cm.layers.Conv2d(8, 3, stride=2, padding=1)(x), "open")).total
    for formula in (total.macs, total.ddr_bytes, total.time_overlapped_s, sp.Integer(3), sp.true):
        assert quantities.written(formula) == str(formula)
        assert quantities.written(formula, latex=True) == sp.latex(formula)
    printed = []
    plain = StrPrinter._print_Symbol
    monkeypatch.setattr(StrPrinter, "_print_Symbol", lambda self, symbol: printed.append(symbol.name) or plain(self, symbol))
    parts = [(h // 2 + k) * w for k in range(1, 10)]
    assert quantities.written(sp.Max(*parts, evaluate=False)).count("H") == 9
    assert printed.count("H") == 1
