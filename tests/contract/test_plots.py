"""Plots: what is drawn, how it is titled, how it is saved, what is refused."""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.report.scales import binary_ticks, log_ticks
from costmodel.tables import Column, Table

FLAVOURS = ["standard", "spatially separable", "depthwise separable", "depthwise spatially separable"]


def table(**changes: Any) -> Table:
    """Two networks at three sizes."""
    rows = [
        {"net": net, "size": size, "time_s": seconds * size, "place": "here"}
        for net, seconds in (("a_b", 1e-3), ("c", 2e-3))
        for size in (1, 2, 4)
    ]
    return Table(
        [Column("net", "network"), Column("size", "size", ""), Column("time_s", "time", "s"), Column("place", "place")],
        [row | changes for row in rows],
    )


@pytest.fixture(scope="module")
def study() -> Table:
    return cm.flavour_study(hardware=["pardhi", "x86_avx2_core"], kernel_sizes=(1, 3, 5))


def values(chart: Any) -> list[dict[str, Any]]:
    """All data of a chart, wherever it stands."""
    found = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            found.extend(part["data"]["values"] if "data" in part else [])
            for child in part.values():
                walk(child)
        elif isinstance(part, list):
            for child in part:
                walk(child)

    walk(chart.to_dict())
    return found


def test_lines_take_titles_and_units_from_the_table() -> None:
    chart = cm.plot.lines(table(), x="size", y="time_s", by="net", log="xy", level=0.001, title="Two networks").to_dict()
    encoding = chart["layer"][0]["encoding"]
    assert encoding["x"]["title"] == "size"
    assert encoding["y"]["title"] == "time (s)"
    assert encoding["x"]["scale"]["type"] == encoding["y"]["scale"]["type"] == "log"
    assert chart["title"]["text"] == "Two networks"
    assert len(chart["layer"][0]["data"]["values"]) == 6


def test_a_line_is_named_at_its_end() -> None:
    chart = cm.plot.lines(table(), x="size", y="time_s", by="net").to_dict()
    (labels,) = [layer["data"]["values"] for layer in chart["layer"] if layer["mark"]["type"] == "text"]
    assert [(label["name"], label["x"]) for label in labels] == [("a b", 4), ("c", 4)]


def test_names_at_line_ends_do_not_overlap() -> None:
    same = Table(
        table().columns,
        [row | {"time_s": 1.0 + (row["net"] == "c") * 1e-6} for row in table().rows] + [{"net": "d", "size": 4, "time_s": 2.0}],
    )
    chart = cm.plot.lines(same, x="size", y="time_s", by="net", height=300).to_dict()
    (labels,) = [layer["data"]["values"] for layer in chart["layer"] if layer["mark"]["type"] == "text"]
    low, high = chart["layer"][0]["encoding"]["y"]["scale"]["domain"]
    pixels = [300 * (label["y"] - low) / (high - low) for label in labels]
    assert all(b - a > 14.9 for a, b in pairwise(pixels))


def test_panels_share_axes_and_have_a_legend(study: Table) -> None:
    chart = cm.plot.kernel_sweep(study).to_dict()
    assert [panel["title"] for panel in chart["concat"]] == ["pardhi", "x86_avx2_core"]
    first, second = (panel["layer"][0]["encoding"]["y"] for panel in chart["concat"])
    assert first["scale"] == second["scale"]
    assert first["title"] == "serial time / standard's"
    assert chart["concat"][0]["layer"][0]["encoding"]["color"]["scale"]["domain"] == FLAVOURS


def test_the_sweep_draws_a_point_a_flavour_and_kernel_size(study: Table) -> None:
    drawn = [row for row in values(cm.plot.kernel_sweep(study)) if "name" in row]
    assert len(drawn) == 2 * 4 * 3  # machines, flavours, kernel sizes


def test_the_grid_draws_a_bar_a_flavour_and_activation(study: Table) -> None:
    drawn = [row for row in values(cm.plot.flavours(study.where(hardware="pardhi"))) if "figure" in row]
    assert len({(row["y"], row["name"]) for row in drawn}) == 4 * 3
    assert {row["figure"] for row in drawn if row["y"] == "standard"} == {"1.000"}


def test_places_outside_the_axis_are_left_out() -> None:
    chart = cm.plot.lines(table(), x="size", y="time_s", by="net", places={"inside": 2, "outside": 9}, band=(0.001, 0.002, "a range"))
    names = {row.get("name") for row in values(chart)}
    assert {"inside", "a range"} <= names
    assert "outside" not in names


@pytest.mark.parametrize(
    ("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("html", b"<!DOCTYPE html>"), ("json", b"{")]
)
def test_saved_as(tmp_path: Path, ending: str, start: bytes) -> None:
    path = cm.plot.save(cm.plot.lines(table(), x="size", y="time_s", by="net"), tmp_path / f"plot.{ending}")
    assert path.read_bytes().lstrip().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [f"plot.{ending}"]


def test_a_saved_plot_has_its_words(tmp_path: Path) -> None:
    svg = cm.plot.save(cm.plot.lines(table(), x="size", y="time_s", by="net"), tmp_path / "plot.svg").read_text()
    assert all(word in svg for word in ("time (s)", "a b", "2 ms"))


def test_a_web_page_needs_no_network(tmp_path: Path) -> None:
    page = cm.plot.save(cm.plot.lines(table(), x="size", y="time_s", by="net"), tmp_path / "plot.html").read_text()
    assert "<script src=" not in page


def test_a_file_in_the_way_survives_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plot.svg").write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        cm.plot.save(cm.plot.lines(table(), x="size", y="time_s", by="net"), tmp_path / "plot.svg")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"plot.svg": "old"}


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("plot.gif", cm.errors.UnknownNameError, "unknown format of a plot 'gif'"),
        ("plot", cm.errors.UnknownNameError, "unknown format of a plot 'plot'"),
        ("no/plot.svg", cm.errors.FieldError, "in a folder that exists"),
    ],
)
def test_where_a_plot_cannot_be_saved(tmp_path: Path, name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cm.plot.save(cm.plot.lines(table(), x="size", y="time_s", by="net"), tmp_path / name)


def test_only_charts_are_saved(tmp_path: Path) -> None:
    with pytest.raises(cm.errors.FieldError, match="must be an Altair chart, got Table"):
        cm.plot.save(table(), tmp_path / "plot.svg")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "options", "error", "words"),
    [
        ({}, {"y": "tme_s"}, cm.errors.UnknownNameError, "did you mean time_s"),
        ({}, {"log": "z"}, cm.errors.UnknownNameError, "logarithmic axes"),
        ({"time_s": 0.0}, {"log": "y"}, cm.errors.FieldError, "a logarithmic axis can't show"),
        ({}, {"log": "y", "level": 0}, cm.errors.FieldError, "must be positive on a logarithmic axis"),
        ({"time_s": None}, {}, cm.errors.FieldError, "holds None"),
        ({"time_s": float("nan")}, {}, cm.errors.FieldError, "holds nan"),
        ({"time_s": cm.symbols("t")}, {}, cm.errors.SymbolicError, "needs plain numbers"),
    ],
)
def test_what_cannot_be_drawn(changes: dict[str, Any], options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cm.plot.lines(table(**changes), **({"x": "size", "y": "time_s", "by": "net"} | options))


def test_points_that_the_study_does_not_have(study: Table) -> None:
    with pytest.raises(cm.errors.FieldError, match=r"`kernel_size` \(=9\) is not in the table"):
        cm.plot.flavours(study, kernel_size=9)
    with pytest.raises(cm.errors.FieldError, match=r"`activation` \(='gelu'\) is not in the table"):
        cm.plot.kernel_sweep(study, activation="gelu")


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_a_missing_extra_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    chart = cm.plot.lines(table(), x="size", y="time_s", by="net")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(cm.errors.MissingExtraError, match=r"pip install 'costmodel\[plot\]'"):
        cm.plot.save(chart, tmp_path / "plot.svg")


def test_a_plot_is_read_back_as_json(tmp_path: Path) -> None:
    path = cm.plot.save(cm.plot.bars(table(), x="time_s", y="net", by="size"), tmp_path / "plot.json")
    assert json.loads(path.read_text())["layer"][0]["encoding"]["x"]["title"] == "time (s)"


def test_ski_slope_has_three_lines() -> None:
    capacities = [512, 4096, 65536]
    slope = cm.ski_slope(cm.layers.Conv2d(64, 3, bias=False), capacities, (1, 64, 56, 56))
    points = cm.plot.ski_slope(slope).to_dict()["layer"][0]["data"]["values"]
    assert len(points) == 3 * len(capacities)
    # compulsory: 64 maps of 56*56 in and out, 9*64*64 weights
    assert {p["y"] for p in points if p["name"] == "compulsory"} == {2 * 64 * 56 * 56 + 9 * 64 * 64}


def test_arena_draws_every_tensor() -> None:
    memory = cm.memory("resnet8_cifar")
    values = cm.plot.arena(memory).to_dict()["layer"][0]["data"]["values"]
    assert [(v["name"], v["top"] - v["offset"]) for v in values] == [(t.name, t.n_bytes) for t in memory.tensors]
    assert max(v["top"] for v in values) == memory.arena_bytes


def title(chart: Any) -> str:
    text: str = chart.to_dict()["title"]["text"]
    return text


def test_the_slope_says_from_where_on_nothing_moves_twice() -> None:
    layer, shapes = cm.layers.Conv2d(64, 3, bias=False), (1, 64, 56, 56)
    said = title(cm.plot.ski_slope(cm.ski_slope(layer, [2**k for k in range(9, 20)], shapes)))
    compulsory = 2 * 64 * 56 * 56 + 9 * 64 * 64  # 438,272 B = 428 KiB
    assert said == "DDR traffic of conv2d reaches its compulsory 428 KiB from 47,620 B on"
    assert cm.traffic(layer, shapes, sram=47620).ddr_bytes == compulsory < cm.traffic(layer, shapes, sram=47619).ddr_bytes


def test_a_slope_that_ends_early_says_how_far_it_is() -> None:
    layer, shapes = cm.layers.Conv2d(64, 3, bias=False), (1, 64, 56, 56)
    times = cm.traffic(layer, shapes, sram=4096).ddr_bytes / (2 * 64 * 56 * 56 + 9 * 64 * 64)
    assert title(cm.plot.ski_slope(cm.ski_slope(layer, [512, 4096], shapes))) == (
        f"DDR traffic of conv2d is still {times:.3g} times its compulsory 428 KiB at 4 KiB"
    )


def test_knees_are_named_where_they_stand() -> None:
    slope = cm.ski_slope(cm.layers.Conv2d(64, 3, bias=False), [2**k for k in range(9, 20)], (1, 64, 56, 56))
    named = {row["name"]: row["x"] for row in values(cm.plot.ski_slope(slope)) if "KiB" in str(row.get("name"))}
    assert named["46.5 KiB"] == 47620  # 46.504 KiB
    assert set(named.values()) <= {knee.sram_bytes for knee in slope.knees}


def test_the_arena_says_its_height() -> None:
    chart = cm.plot.arena(cm.memory("mobilenet_cifar"))
    assert title(chart) == "mobilenet_cifar fits an arena of 294 KiB"  # 14*14*(512 + 1024) B
    assert "none of this order is lower" in chart.to_dict()["title"]["subtitle"]


def test_the_sweep_says_which_flavour_has_the_least(study: Table) -> None:
    # 56*56 positions, each 64 channels of 5 and of 5 taps, then 64 to 64: 14,852,096
    said = title(cm.plot.kernel_sweep(study.where(hardware="pardhi"), y="macs"))
    assert said == "5 x 5: depthwise spatially separable has the least MACs, 14.85M"


def made(*rows: tuple[str, str, float]) -> Table:
    """A study of one kernel size: machine, flavour, time over the standard's."""
    keys = ("hardware", "flavour", "relative_time")
    columns = [Column("hardware", "machine"), Column("flavour", "flavour"), Column("activation", "activation"),
               Column("kernel_size", "kernel size", ""), Column("relative_time", "serial time / standard's", "", "{:.3f}".format)]  # fmt: skip
    return Table(columns, [dict(zip(keys, row, strict=True)) | {"activation": "relu", "kernel_size": 3} for row in rows])


def test_the_grid_says_which_flavour_has_the_least() -> None:
    one = made(("a", "standard", 1.0), ("a", "depthwise_separable", 0.25))
    assert title(cm.plot.flavours(one)) == "3 x 3: depthwise separable has the least serial time, 0.250 of the standard's"
    two = made(("a", "standard", 1.0), ("a", "depthwise_separable", 0.25), ("b", "standard", 1.0), ("b", "spatially_separable", 0.125))
    assert title(cm.plot.flavours(two)) == "3 x 3: spatially separable has the least serial time, 0.125 of the standard's (on b)"
    assert title(cm.plot.flavours(two, title="mine")) == "mine"


def test_the_balance_says_which_flavour_pays_longest() -> None:
    columns = [Column("balance", "machine balance", "MAC/B"), Column("flavour", "flavour"), Column("speed_up", "speed-up", "")]
    rows = [("a_b", 1, 8.0), ("a_b", 10, 0.9), ("c", 1, 3.0), ("c", 10, 1.5), ("c", 100, 0.5), ("a_b", 100, 0.25)]
    drawn = Table(columns, [{"flavour": f, "balance": x, "speed_up": y} for f, x, y in rows])
    assert title(cm.plot.balance(drawn)) == "c pays longest, up to 10 MAC/B; at most 8 times as fast"
    slow = Table(columns, [row | {"speed_up": row["speed_up"] / 16} for row in drawn.rows])
    assert title(cm.plot.balance(slow)) == "No flavour pays at any of these balances: at most 0.5 times as fast"


def test_the_front_says_how_many_are_beaten_by_none() -> None:
    chart = cm.plot.pareto(cm.pareto({"time_s": [1, 2, 3, 3], "energy_j": [5, 2, 1, 4]}, ["time_s", "energy_j"]))
    assert title(chart) == "3 of 4 points are beaten by none"  # (3, 4) is beaten by (2, 2)
    assert chart.to_dict()["title"]["subtitle"] == "the knee has time 2 s and energy 2 J"


def test_the_tornado_says_what_moves_the_figure_most() -> None:
    said = title(cm.plot.tornado(cm.sensitivity("mobilenet_v1", "pardhi", "ddr_bytes")))
    ends = [cm.predict(cm.zoo.mobilenet_v1(resolution=size)).total.ddr_bytes for size in (128, 448)]  # 112 is no multiple of 32
    assert said == f"resolution moves the ddr most, from {' to '.join(cm.quantities.show(end, 'B') for end in ends)}"


def test_the_map_says_what_binds_and_where_that_ends() -> None:
    chart = cm.plot.regimes(cm.regimes("mobilenet_v1", "pardhi"), points=8)
    bandwidth = title(chart).removeprefix("ddr binds now; bus and core are even at ")
    total = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(ddr=bandwidth)).total
    assert total.ddr_time_s == pytest.approx(total.mac_time_s + total.other_time_s, rel=1e-3)


def test_what_binds_has_the_same_colour_in_every_plot() -> None:
    maps = cm.plot.regimes(cm.regimes("mobilenet_v1", "pardhi"), points=8).to_dict()["layer"][0]["encoding"]["color"]["scale"]
    points = cm.plot.roofline(cm.predict("mobilenet_v1")).to_dict()["layer"][1]["encoding"]["color"]["scale"]
    of_points = dict(zip(points["domain"], points["range"], strict=True))
    assert {kind: of_points[kind] for kind in maps["domain"] if kind in of_points} == {
        kind: colour for kind, colour in zip(maps["domain"], maps["range"], strict=True) if kind in of_points
    }
    assert len(of_points.keys() & set(maps["domain"])) >= 2


def test_the_borders_of_a_map_reach_its_edges() -> None:
    layers = cm.plot.regimes(cm.regimes("mobilenet_v2", "pardhi"), points=8).to_dict()["layer"]
    low, high = layers[0]["encoding"]["y"]["scale"]["domain"]
    border = [row["y"] for row in layers[1]["data"]["values"]]
    assert min(border) <= low
    assert max(border) >= high  # clipped there


@pytest.mark.parametrize(("low", "high"), [(13e6, 24e6), (512, 520), (1, 10), (0.02, 5000), (7, 7.5)])
def test_a_logarithmic_axis_has_three_ticks_at_least(low: float, high: float) -> None:
    for ticks in (log_ticks(low, high), binary_ticks(low, high, log=True)):
        assert 3 <= len(ticks) <= 12
        assert all(low <= tick <= high for tick in ticks)
