"""Plots of a prediction: what they draw is what `predict` says, for a chain, for 572 layers, and for what has little to draw."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

import costmodel as cm
from costmodel.errors import FieldError, SymbolicError, UnknownNameError
from costmodel.report.graph import layered

PLOTS = {"roofline": cm.plot.roofline, "layer_times": cm.plot.layer_times, "live_memory": cm.plot.live_memory, "shares": cm.plot.shares,
         "graph": cm.plot.graph}  # fmt: skip


@pytest.fixture(scope="module", params=["mobilenet_v2", "nasnet_a_mobile"])
def prediction(request: pytest.FixtureRequest) -> cm.Prediction:
    return cm.predict(request.param)


def data(chart: Any, *keys: str) -> list[dict[str, Any]]:
    """All rows of a chart's data that have these keys, of a chart or a part of one."""
    found: list[dict[str, Any]] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            found.extend(row for row in part.get("data", {}).get("values", []) if all(key in row for key in keys))
            for key, child in part.items():
                if key != "data":
                    walk(child)
        elif isinstance(part, list):
            for child in part:
                walk(child)

    walk(chart if isinstance(chart, dict) else chart.to_dict())
    return found


def test_the_roofline_has_every_layer_with_macs_below_its_roof(prediction: cm.Prediction) -> None:
    points = {row["name"]: row for row in data(cm.plot.roofline(prediction, name=0), "binds")}
    assert set(points) == {row.name for row in prediction if row.macs}
    for row in prediction:
        if row.macs:
            point = points[row.name]
            assert point["rate"] == pytest.approx(row.peak_fraction * prediction.hardware.mac_flops_per_s)
            assert point["intensity"] * row.bus_bytes == pytest.approx(2 * row.macs)
            assert point["rate"] <= min(1e12, 1e9 * point["intensity"]) * (1 + 1e-9)  # pardhi: 1 TFLOPS, 1 GB/s
            assert point["binds"] == row.bound_by


def test_the_roofline_of_overlapped_time_is_never_below_that_of_serial_time(prediction: cm.Prediction) -> None:
    serial, overlapped = (
        {row["name"]: row["rate"] for row in data(cm.plot.roofline(prediction, time=time, name=0), "binds")}
        for time in ("serial", "overlapped")
    )
    assert all(overlapped[name] >= serial[name] for name in serial)


def test_names_on_the_roofline_touch_no_point_and_no_name(prediction: cm.Prediction) -> None:
    chart = cm.plot.roofline(prediction, name=4, width=620, height=380).to_dict()
    ends = [chart["layer"][1]["encoding"][axis]["scale"]["domain"] for axis in "xy"]

    def pixels(x: float, y: float) -> tuple[float, float]:
        (left, right), (low, high) = ends
        return 620 * math.log(x / left) / math.log(right / left), 380 * math.log(y / low) / math.log(high / low)

    dots = [pixels(row["intensity"], row["rate"]) for row in data(chart, "binds")]
    boxes = []
    for name in data(chart, "place_x"):
        x, y = pixels(name["place_x"], name["place_y"])
        long = 6 * len(name["name"])  # of 11 pixels
        boxes.append((x, x + long, y - 6, y + 6) if name["align"] == "left" else (x - long, x, y - 6, y + 6))
    assert len(boxes) == 4
    for i, (left, right, low, high) in enumerate(boxes):
        assert 0 <= left <= right <= 620
        assert 0 <= low <= high <= 380
        assert not any(left < x < right and low < y < high for x, y in dots)
        assert all(right <= a or b <= left or high <= c or d <= low for a, b, c, d in boxes[:i])


def test_columns_of_time_end_where_the_layer_does(prediction: cm.Prediction) -> None:
    chart = cm.plot.layer_times(prediction).to_dict()
    for panel, key in zip(chart["concat"], ("time_serial_s", "time_overlapped_s"), strict=True):
        tops: dict[str, float] = defaultdict(float)
        spent: dict[tuple[str, str], float] = {}
        for bar in data(panel, "spent"):
            tops[bar["layer"]] = max(tops[bar["layer"]], bar["to"])
            spent[bar["layer"], bar["spent"]] = bar["time"]
        for row in prediction:
            assert tops.get(row.name, 0.0) == pytest.approx(getattr(row, key), abs=1e-18)
            assert spent.get((row.name, "ddr"), 0.0) == pytest.approx(row.ddr_time_s, abs=1e-18)
            assert spent.get((row.name, "macs"), 0.0) == pytest.approx(row.mac_time_s, rel=1e-9, abs=1e-15)


def test_live_memory_draws_the_line_and_boxes_that_do_not_meet(prediction: cm.Prediction) -> None:
    chart = cm.plot.live_memory(prediction)
    line = [row["n_bytes"] for row in data(chart, "step", "n_bytes") if not row["name"].startswith("peak")]
    assert line[:-1] == [row.live_bytes for row in prediction]
    boxes = data(chart, "bottom")
    for i in range(len(prediction)):
        here = sorted((b["bottom"], b["top"]) for b in boxes if b["left"] <= i < b["right"])
        assert sum(top - bottom for bottom, top in here) == line[i]
        assert all(below[1] <= above[0] for below, above in pairwise(here))


def test_shares_fill_each_bar_and_are_those_of_the_table(prediction: cm.Prediction) -> None:
    bars = data(cm.plot.shares(prediction, most=6), "share")
    for figure, key in (("weights", "weights"), ("MACs", "macs"), ("bytes over the bus", "ddr_bytes"), ("serial time", "time_serial_s")):
        mine = {bar["kind"]: bar for bar in bars if bar["figure"] == figure}
        assert sum(bar["share"] for bar in mine.values()) == pytest.approx(1)
        for row in prediction.shares().rows:
            kind = row["type"].replace("_", " ")
            if kind in mine:
                assert mine[kind]["share"] == row[f"{key}_share"]


def test_the_graph_has_a_node_a_layer_and_a_line_a_feature_map(prediction: cm.Prediction) -> None:
    chart = cm.plot.graph(prediction, size="macs", name=0).to_dict()
    lines, nodes = (chart["layer"][i]["data"]["values"] for i in (0, 1))
    assert {node["name"]: node["size"] for node in nodes} == {row.name: row.macs for row in prediction}
    place = {(node["x"], node["y"]): node["name"] for node in nodes}
    assert len(place) == len(nodes)
    maps = prediction.workload.maps
    wanted = {(prediction[m].name, row.name) for row in prediction for ref in row.step.reads if (m := maps[ref].producer) >= 0}
    ways: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for point in lines:
        ways[point["way"]].append(point)
    drawn = {tuple(place[way[end]["x"], way[end]["y"]] for end in (0, -1)) for way in ways.values()}
    assert drawn == wanted
    for way in ways.values():  # a long line passes no node on its way
        assert all((point["x"], point["y"]) not in place for point in way[1:-1])


def test_places_in_a_column_are_apart() -> None:
    places, ways = layered(6, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 5), (4, 5), (0, 5)])
    assert [x for x, _ in places] == [0, 1, 1, 1, 2, 3]  # the longest way from the first
    by_column: dict[float, set[float]] = defaultdict(set)
    for x, y in [*places, *(point for way in ways for point in way[1:-1])]:
        by_column[x].add(y)
    assert len(by_column[1]) == 4  # three nodes, and the line from 0 to 5
    assert all(abs(a - b) > 0.999 for column in by_column.values() for a in column for b in column if a != b)


def test_the_waterfall_steps_from_the_printed_to_the_corrected_total() -> None:
    rows = cm.published.waterfall().rows
    bars = data(cm.plot.errata(), "kind")
    assert len(bars) == len(rows) + 1
    for before, bar in pairwise(bars[:-1]):
        assert bar["from"] == pytest.approx(before["to"])
    assert [bar["to"] for bar in bars[:-1]] == [row["time_s"] for row in rows]
    assert bars[-1]["text"] == "7.637 ms"  # 7.124 ms of the corrected tables and 0.513 ms in none of them


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_titles_say_something_of_this_network(plot: Any, prediction: cm.Prediction) -> None:
    title = plot(prediction).to_dict()["title"]
    assert prediction.network.name in title["text"] + title["subtitle"][0]
    assert any(figure.isdigit() for figure in title["text"])
    assert plot(prediction, title="mine").to_dict()["title"]["text"] == "mine"


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_symbols_are_refused(plot: Any) -> None:
    with pytest.raises(SymbolicError, match=r"plain numbers.*beta"):
        plot(cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(ddr=cm.symbols("beta"))))


def test_what_has_no_macs_has_no_roofline_but_all_else() -> None:
    prediction = cm.predict(cm.Network.of(cm.layers.ReLU()(cm.Input((1, 3, 8, 8)), name="act"), "one"))
    with pytest.raises(FieldError, match="no layer with MACs"):
        cm.plot.roofline(prediction)
    for name in PLOTS.keys() - {"roofline"}:
        assert json.loads(PLOTS[name](prediction).to_json())["title"]["text"]


def test_unknown_words_are_refused() -> None:
    prediction = cm.predict("lenet_300_100")
    with pytest.raises(UnknownNameError, match="size of a node"):
        cm.plot.graph(prediction, size="cost")
    with pytest.raises(UnknownNameError, match="time"):
        cm.plot.roofline(prediction, time="parallel")


def test_a_machine_with_flash_says_so() -> None:
    prediction = cm.predict("mobilenet_v1_vww", "stm32f407")
    assert {bar["spent"] for bar in data(cm.plot.layer_times(prediction), "spent")} <= {"flash", "macs", "other"}


@pytest.mark.parametrize("name", PLOTS)
def test_plots_of_a_prediction_say_what_it_rests_on(name: str) -> None:
    usual = PLOTS[name](cm.predict("mobilenet_cifar")).to_dict()["title"]["subtitle"]
    assert usual[1] == "assumptions: traffic resident, weights of 8 bits, feature maps of 8"
    given = {"traffic": "weights", "round_trip": True, "weight_bits": 4, "parameters": "all", "other_ops": {"relu": 2}, "order": "best"}
    said = PLOTS[name](cm.predict("mobilenet_cifar", fuse_epilogues=False, **given)).to_dict()["title"]["subtitle"][1]
    assert said == (
        "assumptions: traffic weights (round_trip=True), weights of 4 bits, feature maps of 8, epilogues not fused, parameters all, "
        "order best, other operations of one's own"
    )


def test_plots_of_questions_take_a_prediction() -> None:
    p = cm.predict("mobilenet_v1", traffic="tiled", weight_bits=4)
    asked = {"traffic": "tiled", "weight_bits": 4}
    network, machine = p.network, p.hardware
    assert cm.plot.arena(p).to_dict() == cm.plot.arena(cm.memory(network, "given")).to_dict()
    assert cm.plot.tornado(p).to_dict() == cm.plot.tornado(cm.sensitivity(network, machine, "time_serial_s", **asked)).to_dict()
    assert cm.plot.regimes(p, points=4).to_dict() == cm.plot.regimes(cm.regimes(network, machine, **asked), points=4).to_dict()
    points = cm.plot.ski_slope(p).to_dict()["layer"][0]["data"]["values"]
    here = next(point for point in points if point["name"] == "DDR traffic" and point["x"] == machine.sram_bytes)
    assert here["y"] == p.total.ddr_bytes


def test_a_prediction_says_what_was_asked() -> None:
    given = {
        "traffic": "weights",
        "round_trip": True,
        "weight_bits": 4,
        "parameters": "all",
        "other_ops": {"relu": 0},
        "fuse_epilogues": False,
    }
    p = cm.predict("mobilenet_cifar", **given)
    assert cm.predict(p.network, p.hardware, **p.options).to_json() == p.to_json()
    best = cm.predict("xception", order="best", weight_prefetch=True)
    assert cm.predict(best.network, best.hardware, **best.options).to_json() == best.to_json()


@pytest.mark.parametrize("name", ["arena", "graph", "layer_times", "live_memory", "regimes", "roofline", "shares", "ski_slope", "tornado"])
def test_what_is_no_prediction_is_refused_in_words(name: str) -> None:
    with pytest.raises(cm.errors.FieldError, match=r"drawn of a prediction.*got str"):
        getattr(cm.plot, name)("mobilenet_v1")
