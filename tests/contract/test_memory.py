"""The face of cm.memory: what it says, what it refuses, what it writes."""

import csv
import io
import json
import subprocess
import sys

import pytest

import costmodel as cm

L = cm.layers


def diamond() -> cm.Network:
    """Two branches of a 2 x 8 x 8 input: a wide one of 8 channels, made small again, and a pooled one; then their sum."""
    x = cm.Input((1, 2, 8, 8))
    pooled = L.MaxPool2d(2)(x, name="pool")
    wide = L.Conv2d(8, 3)(x, name="wide")
    narrow = L.Conv2d(2, 2, stride=2, padding="valid")(wide, name="narrow")
    return cm.Network.of(L.Add()(pooled, narrow, name="add"), "diamond")


def test_the_best_order_of_a_diamond() -> None:
    """Given: 128 + 32, then 128 + 32 + 512, then 32 + 512 + 32. Better, with the wide branch first: 128 + 512, 128 + 512 + 32."""
    given = cm.memory(diamond(), "given")
    assert given.live_bytes == (160, 672, 576, 96)
    assert given.order == ("pool", "wide", "narrow", "add")
    best = cm.memory(diamond())
    assert best.peak_live_bytes == best.lower_bound_bytes == 672
    assert best.peak_step == "wide"
    assert {t.name for t in given.live_at_peak} == {"input", "pool", "wide"}


def test_savings_of_a_diamond() -> None:
    """Peak 672 at `wide`: 128 + 32 + 512. Without the 512: pool + wide-and-narrow, 128 + 32 + 32, and so on."""
    table = cm.memory(diamond(), "given").savings()
    found = {(row["change"], row["where"]): row["peak_live_bytes"] for row in table.rows}
    assert found[("fuse", "wide + narrow")] == 128 + 32 + 32
    # rows 1 to 4 of `wide`: 128 + 32 + 256; then rows 4 to 8 of the input, a row above for the window: 5 * 2 * 8 + 32 + 512
    assert found[("split", "wide: rows 1 to 4, then 5 to 8")] == 5 * 2 * 8 + 32 + 512
    assert all(row["saves_bytes"] == 672 - row["peak_live_bytes"] > 0 for row in table.rows)
    assert [row["saves_bytes"] for row in table.rows] == sorted((row["saves_bytes"] for row in table.rows), reverse=True)


def test_dropping_a_residual() -> None:
    """An input of 4 x 4 x 4, two convolutions that keep it, and the add: 64 * 3 with the shortcut, 64 * 2 without."""
    x = cm.Input((1, 4, 4, 4))
    y = L.Conv2d(4, 3)(L.Conv2d(4, 3)(x, name="a"), name="b")
    m = cm.memory(cm.Network.of(L.Add()(x, y, name="add"), "residual"))
    assert m.peak_live_bytes == 3 * 64
    rows = {(row["change"], row["where"]): row["peak_live_bytes"] for row in m.savings().rows}
    assert rows[("drop residual", "add")] == 2 * 64


def test_depthwise_in_place() -> None:
    """8 channels of 6 x 6 written over themselves; aside stay two rows of 6 of one channel."""
    x = L.Conv2d(8, 1)(cm.Input((1, 1, 6, 6)), name="first")
    net = cm.Network.of(L.Conv2d(1, 1)(L.DepthwiseConv2d(3)(x, name="dw"), name="last"), "dw")
    assert cm.memory(net).live_bytes == (36 + 288, 288 + 288, 288 + 36)
    assert cm.memory(net, in_place="depthwise").live_bytes == (36 + 288, 288, 288 + 36)
    counted = cm.memory(net, in_place=["depthwise_row_buffer"])
    assert counted.live_bytes == (36 + 288, 288 + 12, 288 + 36)
    assert [t.n_bytes for t in counted.tensors if "aside" in t.name] == [12]


def test_concat_in_place() -> None:
    """Two convolutions of 3 channels each from one of 2, joined: 32 + 48 + 48, then 96 beside both; in place 32 + 96 and no more."""
    x = cm.Input((1, 2, 4, 4))
    net = cm.Network.of(L.Concat()(L.Conv2d(3, 1)(x, name="a"), L.Conv2d(3, 1)(x, name="b"), name="join"), "fork")
    assert cm.memory(net).live_bytes == (80, 128, 192)
    assert cm.memory(net, in_place="concat").live_bytes == (128, 128, 96)


def test_prediction_memory_is_of_the_order_given() -> None:
    p = cm.predict("mobilenet_v1", activation_bits=16)
    assert p.memory.peak_live_bytes == p.total.peak_live_bytes == 2 * 1_204_224
    assert p.memory.order == tuple(row.name for row in p.rows)
    assert p.memory.live_bytes == tuple(row.live_bytes for row in p.rows)


def test_symbols() -> None:
    r = cm.symbols("R", multiple_of=32)
    net = cm.zoo.mobilenet_v1(resolution=r)
    m = cm.predict(net).memory
    assert m.peak_live_bytes.subs({r: 224}) == 1_204_224
    assert len(m.order) == len(m.live_bytes)
    for ask in (
        lambda: m.arena_bytes,
        lambda: m.optimal,
        m.savings,
        lambda: cm.memory(net),
        lambda: cm.memory(net, "given", "concat").order,
    ):
        with pytest.raises(cm.errors.SymbolicError, match="give its symbols values"):
            ask()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": "bset"}, "unknown order 'bset'; did you mean best"),
        ({"in_place": "depthwize"}, "unknown in-place choice 'depthwize'; did you mean depthwise"),
        ({"in_place": 3}, r"`in_place` \(=3\) must be names among elementwise"),
        ({"time_limit_s": 0}, r"`time_limit_s` \(=0\) must be a positive number of seconds"),
        ({"time_limit_s": float("nan")}, "must be a positive number"),
        ({"fuse_epilogues": "no"}, r"`fuse_epilogues` \(='no'\) must be True or False"),
        ({"activation_bits": 0}, "activation_bits"),
    ],
)
def test_what_cannot_be_taken(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(cm.CostModelError, match=message):
        cm.memory("lenet_300_100", **arguments)


def test_json_and_minimalloc_csv() -> None:
    m = cm.memory("squeezenet_1_1")
    document = json.loads(m.to_json())
    for field in ("peak_live_bytes", "lower_bound_bytes", "arena_bytes", "optimal"):
        assert document[field] == getattr(m, field)
    assert document["order"] == list(m.order)
    rows = list(csv.DictReader(io.StringIO(m.to_csv())))
    assert list(rows[0]) == ["id", "lower", "upper", "size", "offset"]
    assert max(int(row["offset"]) + int(row["size"]) for row in rows) == m.arena_bytes
    assert len(rows) == len(m.rectangles()) == len(m.tensors)


def test_tables() -> None:
    m = cm.memory("mobilenet_v2")
    text = m.table().to_text()
    assert "peak 1,505,280 B" in text
    assert "proved least" in text
    assert "gap 0.00%" in text
    assert m.to_html().count("<table") == 2
    assert repr(m) == "Memory('mobilenet_v2', order='best', peak_live_bytes=1505280)"


def shell(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "costmodel", "memory", *words], capture_output=True, text=True)


def test_shell() -> None:
    found = json.loads(shell("mobilenet_v2", "--in-place", "elementwise,depthwise", "--format", "json").stdout)
    assert (found["peak_live_bytes"], found["optimal"], found["in_place"]) == (1_404_928, True, ["elementwise", "depthwise"])
    assert shell("lenet_300_100", "--format", "csv").stdout.startswith("id,lower,upper,size,offset\n")
    table = shell("mobilenet_v1", "--width-multiplier", "0.5", "--order", "given")
    assert "held at the peak" in table.stdout
    assert "what single changes save" in table.stdout
    wrong = shell("mobilenet_v1", "--in-place", "everything")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("costmodel: unknown in-place choice 'everything'")


def test_predicting_in_the_best_order() -> None:
    """The diamond with two pools: both before the wide branch are 2 * 32 beside its 128 + 512; after it, its 32 is all that waits."""
    x = cm.Input((1, 2, 8, 8))
    pools = [L.MaxPool2d(2)(x, name=f"pool{i}") for i in (1, 2)]
    narrow = L.Conv2d(2, 2, stride=2, padding="valid")(L.Conv2d(8, 3)(x, name="wide"), name="narrow")
    net = cm.Network.of(L.Add()(*pools, narrow, name="add"), "two pools")
    given, best = (cm.predict(net, order=order) for order in ("given", "best"))
    assert given.total.peak_live_bytes == 128 + 2 * 32 + 512
    assert best.total.peak_live_bytes == best.memory.peak_live_bytes == 128 + 512 + 32
    assert (given.assumptions["order"], best.assumptions["order"]) == ("given", "best")
    assert next(iter(best)).name == "wide"
    assert best.total.macs == given.total.macs
    assert [row.name for row in best] == list(cm.memory(net).order) == list(best.memory.order)
    assert "order best" in best.memory.notes[-1]
    with pytest.raises(cm.errors.UnknownNameError, match="unknown order 'worst'"):
        cm.predict(net, order="worst")
    with pytest.raises(cm.errors.SymbolicError, match="give its symbols values"):
        cm.predict(cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32)), order="best")


def test_the_assumptions_say_the_width_of_the_network_itself() -> None:
    found = cm.memory(cm.zoo.lenet_300_100().rewrite(cm.rewrites.Bits(activations=32)))
    assert found.peak_live_bytes == 4 * (784 + 300)
    assert found.to_dict()["assumptions"]["activation_bits"] == 32
    assert found.notes[-1].endswith("activation bits 32")
