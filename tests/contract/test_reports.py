"""Reports: the page, the Markdown, the LaTeX, and the difference of two predictions."""

import csv
import importlib.util
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import costmodel as cm
from costmodel import cli, published
from costmodel.listing import LISTINGS, listing

CAN_DRAW = importlib.util.find_spec("altair") is not None and importlib.util.find_spec("vl_convert") is not None


def out(*words: str) -> str:
    result = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


class Page(HTMLParser):
    """Tags in balance, the headings, and whatever points outside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href") and not value.startswith("#"):
                self.outside.append(value)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("hardware", ["pardhi", "stm32f746"])
def test_the_page_stands_alone(hardware: str) -> None:
    text = out("predict", "mobilenet_v2", "--hardware", hardware, "--format", "html")
    page = Page(text)
    assert not page.outside
    assert len(page.ids) == len(set(page.ids))
    for heading in ("Totals", "Assumptions", "Machine", "Pictures", "Layers", "By type", "By stage"):
        assert f"<h2>{heading}</h2>" in text
    assert "300,774,272" in text  # MACs, as torchvision's MobileNet v2 has them
    assert "@media print" in text
    if CAN_DRAW:
        assert text.count("<svg") == text.count('role="img" aria-label=') == 4


def test_a_page_without_the_packages_that_draw_says_so() -> None:
    code = "import sys; sys.modules['altair'] = None\nimport costmodel as cm; print(cm.report.page(cm.predict('mobilenet_cifar')))"
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Pictures are left out: a plot needs altair; install it with: pip install &#x27;costmodel[plot]&#x27;" in text
    assert "<svg" not in text


def test_names_are_escaped() -> None:
    x = cm.layers.Conv2d(4, 3)(cm.Input((1, 3, 8, 8)), name="<b>&|*x*")
    p = cm.predict(cm.Network.of(x, "<script>"))
    page = cm.report.page(p)
    Page(page)
    assert "<script>" not in page
    assert "<b>" not in page
    assert r"&|" not in page
    assert r"\|" in cm.report.markdown(p)


def test_symbols_make_a_page_without_pictures() -> None:
    p = cm.predict(cm.zoo.mobilenet_v1(width_multiplier=cm.symbols("alpha", multiple_of="1/32")))
    text = cm.report.page(p)
    assert "Pictures are left out: a plot needs plain numbers" in text
    assert "alpha" in text


def test_rows_may_be_sorted_and_cut() -> None:
    text = out("predict", "mobilenet_v1", "--sort", "macs", "--top", "2", "--format", "markdown")
    rows = [line for line in text.splitlines() if re.match(r"\| (block|conv|fc|pool)", line)]
    assert len(rows) == 2
    assert text.startswith("### mobilenet_v1 on pardhi\n\nmobilenet_v1 takes 9.425 ms on pardhi")
    assert "| MACs | 568.7M | 568,740,352 |" in text
    assert text.count("<details>") == text.count("</details>") == 1
    assert "- assumptions: traffic resident" in text


def tables() -> list:
    found = [listing(what) for what in LISTINGS if what != "networks"]
    found += published.tables("none")
    p = cm.predict("mobilenet_v2", traffic="tiled")
    found += [p.table(), p.table(rows="all"), p.shares(), cm.traffic("mobilenet_cifar", sram="64 KiB").table()]
    found += [cm.compare("mobilenet_v1", "mobilenet_v2").totals(), cm.check("mobilenet_v1", {"network": {"macs": 5}}).table()]
    return [pytest.param(table, id=table.title[:40] or str(index)) for index, table in enumerate(found)]


@pytest.mark.parametrize("table", tables())
def test_latex_has_a_cell_for_every_column_and_no_bare_special(table) -> None:
    """What a TeX would stumble over: cells that don't match the columns, specials, letters it has no glyph for."""
    text = table.to_latex()
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    head = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[0])
    assert head
    assert len(head[1]) == len(table.columns)
    rules = [line for line in lines if line in (r"\toprule", r"\midrule", r"\bottomrule")]
    assert rules[0] == r"\toprule"
    assert rules[-1] == r"\bottomrule"
    assert lines[-1] == r"\end{tabular}"
    for line in lines[1:-1]:
        if line in rules:
            continue
        assert line.endswith(r" \\")
        assert len(re.findall(r"(?<!\\)&", line)) == len(table.columns) - 1
        outside = re.sub(r"\$[^$]*\$", "", re.sub(r"\\[&%$#_{}\\]|\\text\w+\{\}", "", line))
        assert not re.search(r"[#_%~^$]", outside), outside
        assert outside.count("{") == outside.count("}")
        assert all(ord(ch) < 0x250 for ch in line), [ch for ch in line if ord(ch) >= 0x250]


def small(channels: int, extra: bool = False) -> cm.Prediction:
    """conv: 8*8*channels * 27 MACs; fc: 64*channels * 10; extra: 10 * 5."""
    x = cm.layers.Conv2d(channels, 3, bias=False)(cm.Input((1, 3, 8, 8)), name="conv")
    x = cm.layers.Dense(10, bias=False)(cm.layers.Flatten()(x), name="fc")
    x = cm.layers.Dense(5, bias=False)(x, name="extra") if extra else x
    return cm.predict(cm.Network.of(x, "small"))


def test_a_difference_by_hand() -> None:
    d = cm.compare(small(4), small(6, extra=True))
    assert (d.changes["macs"].before, d.changes["macs"].after) == (6912 + 2560, 10_368 + 3840 + 50)
    assert d.changes["macs"].by == 4786
    assert d.changes["macs"].share == pytest.approx(4786 / 9472)
    assert d.changes["macs"].texts() == {"before": "9472", "after": "14.26k", "by": "+4786", "share": "+50.5 %"}
    assert {name: d.of_layer(name)["macs"].by for name in d.layers} == {"conv": 3456, "fc": 1280, "extra": 50}
    back = cm.compare(small(6, extra=True), small(4))
    assert back.changes["macs"].texts()["by"] == "-4786"
    assert [row["kind"] for row in back.table().rows if row["name"] == "extra"] == ["gone"]
    assert [row["kind"] for row in d.table().rows if row["name"] == "extra"] == ["new"]


def test_no_difference() -> None:
    d = cm.compare(small(4), small(4))
    assert d.layers == ()
    assert all(change.by == 0 for change in d.changes.values())
    assert d.verdict == "small: serial time unchanged, MACs unchanged, peak of live bytes unchanged"
    assert "0 of 2 layers differ" in d.to_markdown()


def test_assumptions_that_differ_are_said() -> None:
    d = cm.compare(cm.predict("mobilenet_v1"), cm.predict("mobilenet_v1", traffic="compulsory", weight_bits=4))
    assert "differs: traffic: resident before, compulsory after" in d.notes
    assert "differs: weight_bits: 8 before, 4 after" in d.notes
    assert "differs: traffic" in d.to_markdown()


def test_machines_are_named_where_they_differ() -> None:
    d = cm.compare(cm.predict("mobilenet_v1", "pardhi"), cm.predict("mobilenet_v1", "stm32f746"))
    assert d.verdict.startswith("mobilenet_v1 on pardhi to mobilenet_v1 on stm32f746: serial time +")
    assert d.changes["energy"].by is None  # none is known where weights stream from flash


def test_a_difference_of_symbols_is_refused() -> None:
    with pytest.raises(cm.errors.SymbolicError, match="plain numbers"):
        cm.compare(cm.predict(cm.zoo.mobilenet_v1(width_multiplier=cm.symbols("a", multiple_of="1/32"))), "mobilenet_v1")


def test_the_shell_shows_a_difference(tmp_path: Path) -> None:
    document = json.loads(out("compare", "mobilenet_v1", "mobilenet_v2", "--diff", "--format", "json"))
    assert document["totals"]["macs"] == {"before": 568_740_352, "after": 300_774_272, "change": -267_966_080,
                                          "share": pytest.approx(-267_966_080 / 568_740_352)}  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(out("compare", "mobilenet_v1", "mobilenet_v2", "--diff", "--format", "csv"))))
    assert sum(int(row["macs"]) for row in rows) == -267_966_080
    for form in ("table", "markdown", "latex", "html"):
        assert "MACs" in out("compare", "mobilenet_v1", "--hardware", "pardhi,stm32f746", "--diff", "--format", form)
    with pytest.raises(cm.errors.FieldError, match="got 3"):
        out("compare", "mobilenet_v1", "mobilenet_v2", "vgg16", "--diff")
    with pytest.raises(cm.errors.UnknownNameError, match="unknown format"):
        out("compare", "mobilenet_v1", "mobilenet_v2", "--diff", "--format", "tabel")


def test_a_verdict_has_room_for_the_beginning_of_long_formulas() -> None:
    open_ = cm.predict(cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32)))
    total = open_.total
    assert len(str(total.time_serial_s)) > 1000  # in one formula what stays on chip at which R, twenty layers long
    sentence = cm.report.markdown(open_).split("\n\n")[1]
    assert str(total.time_serial_s)[:100] in sentence
    assert "…" in sentence
    assert len(sentence) < 1000
    assert str(total.time_serial_s) in cm.report.markdown(open_)
