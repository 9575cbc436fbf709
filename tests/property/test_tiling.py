"""The least tilings: against an exhaustive search of the mapping space, a simulator that moves tiles, and figures of other tools."""

import math
import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from mappings import Small, cost, reads, simulate, stairs
from strategies import build, recipes

import costmodel as cm
from costmodel.prediction.tiled.axis import Axis
from costmodel.prediction.tiled.bound import bound_bytes, compulsory_bytes
from costmodel.prediction.tiled.nest import Bits, Nest
from costmodel.prediction.tiled.plan import Plan
from costmodel.prediction.tiled.search import stairs as least_stairs

L = cm.layers
ONE = (1, 1, 1, 0, 1)  # an axis of one row


def nest(shape: Small) -> Nest:
    p, q = (
        Axis(outputs, size, taps, stride, dilation, before, every)
        for outputs, taps, (size, stride, dilation, before, every) in ((shape.p, shape.r, shape.rows), (shape.q, shape.s, shape.columns))
    )
    return Nest(1, shape.n, shape.m, shape.c, p, q)


def bits(widths: tuple[int, int, int, int]) -> Bits:
    return Bits(*(8 * width for width in widths))


# Figures of AccelForge (an exact mapper), one byte for every operand and partial sum: capacity, bytes moved.
GEMM = {273: 8_606_711_808, 4161: 2_164_260_864, 65_793: 553_648_128, 1_049_601: 150_994_944, 8_390_657: 67_108_864}
# The same for a 3x3 convolution; the last is arithmetic: 64 sums of 16x16, one plane of 18x18 and one weight fit, so each moves once.
CONV = {602: 385_024, 2222: 182_272, 4294: 136_192, 8510: 99_328, 16_978: 18 * 18 * 64 + 9 * 64 * 64 + 16 * 16 * 64}
# Where padding is implicit the same tilings read 16 rows for 18, and so on.
PADDED = {602: 329_728, 2222: 163_840, 4294: 118_784, 8510: 86_016, 16_978: 16 * 16 * 64 + 9 * 64 * 64 + 16 * 16 * 64}


@pytest.mark.parametrize(
    ("layer", "shapes", "known"),
    [
        (L.Dense(4096, bias=False), (4096, 4096), GEMM),
        (L.MatMul(), [(4096, 4096), (4096, 4096)], GEMM),
        (L.Conv2d(64, 3, padding="valid", bias=False), (1, 64, 18, 18), CONV),
        (L.Conv2d(64, 3, padding=1, bias=False), (1, 64, 16, 16), PADDED),
    ],
)
def test_figures_of_other_tools(layer, shapes, known) -> None:
    for sram, moved in known.items():
        found = cm.traffic(layer, shapes, sram=sram, accumulator_bits=8)
        assert found.bound_bytes <= found.ddr_bytes <= moved
        assert found.plan.held_bytes <= sram
    slope = cm.ski_slope(layer, list(known), shapes, accumulator_bits=8)
    assert (slope.ddr_bytes <= np.array(list(known.values()))).all()


@pytest.mark.parametrize(("padding", "rows", "known"), [(0, (18, 1, 1, 0, 1), CONV), (1, (16, 1, 1, 1, 1), PADDED)])
def test_those_plans_walked_tile_by_tile(padding: int, rows, known) -> None:
    shape = Small(1, 64, 64, 16, 16, 3, 3, rows, rows)
    for sram, moved in known.items():
        found = cm.traffic(L.Conv2d(64, 3, padding=padding, bias=False), (1, 64, rows[0], rows[0]), sram=sram, accumulator_bits=8)
        assert cost(shape, found.plan.loops) == (found.plan.held_bytes, found.ddr_bytes)
        assert found.plan.held_bytes <= sram
        assert found.ddr_bytes <= moved
        reads.cache_clear()


SMALL = [
    (Small(1, 2, 2, 4, 1, 3, 1, (6, 1, 1, 0, 1), ONE), (1, 1, 1, 1)),  # lines overlap
    (Small(1, 2, 1, 3, 2, 2, 2, (4, 1, 1, 0, 1), (3, 1, 1, 0, 1)), (1, 1, 1, 4)),  # two axes
    (Small(1, 3, 2, 3, 1, 2, 1, (5, 2, 2, 1, 1), ONE), (1, 2, 1, 4)),  # stride and dilation with a common factor, padding
    (Small(2, 2, 1, 3, 1, 2, 1, (4, 1, 1, 0, 1), ONE), (2, 1, 1, 2)),  # a batch
    (Small(1, 2, 2, 4, 1, 2, 1, (2, 1, 1, 0, 2), ONE), (1, 1, 1, 4)),  # transposed
    (Small(1, 3, 3, 4, 1, 1, 1, (4, 1, 1, 0, 1), ONE), (1, 1, 1, 4)),  # a matrix product
    (Small(1, 2, 1, 4, 1, 3, 1, (5, 1, 3, 1, 2), ONE), (1, 2, 4, 4)),  # transposed and dilated: tiles slide with holes, and are cut
    (Small(1, 2, 1, 4, 1, 2, 1, (3, 1, 2, 2, 1), ONE), (2, 1, 1, 4)),  # tiles of unequal sizes where padding is near
]
LARGER = [
    (Small(1, 2, 2, 5, 1, 3, 1, (5, 1, 1, 1, 1), ONE), (1, 1, 1, 4)),
    (Small(1, 2, 2, 5, 1, 2, 1, (9, 1, 2, 1, 1), ONE), (1, 2, 1, 4)),
    (Small(1, 2, 1, 3, 3, 2, 2, (4, 1, 1, 0, 1), (4, 1, 1, 0, 1)), (1, 1, 1, 1)),
    (Small(1, 1, 1, 3, 4, 3, 2, (5, 1, 1, 1, 1), (5, 1, 1, 0, 1)), (1, 1, 1, 4)),
    (Small(1, 3, 4, 5, 1, 1, 1, (5, 1, 1, 0, 1), ONE), (1, 1, 1, 4)),
    (Small(3, 2, 2, 4, 1, 2, 1, (7, 2, 1, 0, 1), ONE), (1, 1, 1, 4)),
    (Small(1, 2, 1, 5, 1, 5, 1, (5, 1, 1, 2, 1), ONE), (1, 1, 1, 4)),
    (Small(1, 1, 2, 6, 1, 4, 1, (6, 1, 1, 2, 1), ONE), (1, 1, 1, 4)),
]


def assert_least(shape: Small, widths: tuple[int, int, int, int]) -> None:
    """At every capacity at which the best mapping changes, and the least one below it is refused."""
    whole, least = stairs(shape, widths), math.inf
    reads.cache_clear()
    for sram in sorted(whole):
        least = min(least, whole[sram])
        assert Plan(nest(shape), bits(widths), sram).ddr_bytes == least, (shape, sram)
    with pytest.raises(cm.errors.FieldError, match=f"the least that does is {min(whole)} B"):
        Plan(nest(shape), bits(widths), min(whole) - 1)


@pytest.mark.parametrize(("shape", "widths"), SMALL)
def test_the_least_of_the_whole_space(shape: Small, widths) -> None:
    assert_least(shape, widths)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "widths"), LARGER)
def test_the_least_of_larger_spaces(shape: Small, widths) -> None:
    assert_least(shape, widths)


axes = st.tuples(st.integers(1, 12), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.just(1)) | st.tuples(
    st.integers(1, 8), st.just(1), st.integers(1, 3), st.integers(0, 2), st.integers(2, 3)
)
shapes = st.builds(
    Small, st.integers(1, 2), st.integers(1, 5), st.integers(1, 5), st.integers(1, 9), st.integers(1, 5), st.integers(1, 4),
    st.integers(1, 3), axes, axes,
)  # fmt: skip
widths_ = st.sampled_from([(1, 1, 1, 1), (1, 1, 1, 4), (2, 1, 1, 4), (1, 2, 4, 4)])


@settings(deadline=None, max_examples=40)
@given(shape=shapes, widths=widths_, slack=st.integers(0, 400))
def test_the_plan_moves_what_it_says(shape: Small, widths, slack: int) -> None:
    """The simulator runs the plan's loops, tile by tile and MAC by MAC, under its capacity."""
    one = nest(shape)
    if one.macs == 0 or one.macs > 10_000:
        return
    plan = Plan(one, bits(widths), widths[0] + widths[1] + widths[3] + slack)
    assert simulate(shape, plan.loops, widths) == (plan.held_bytes, plan.ddr_bytes, one.macs)
    assert cost(shape, plan.loops, widths) == (plan.held_bytes, plan.ddr_bytes)
    reads.cache_clear()
    assert plan.held_bytes <= plan.sram_bytes
    assert plan.bound_bytes <= plan.ddr_bytes
    assert sum(plan.ddr_bytes_of.values()) == plan.ddr_bytes
    assert sum(plan.sram_bytes_of.values()) == plan.held_bytes


lines = st.tuples(st.integers(1, 30), st.integers(1, 40), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3))
larger = st.tuples(st.integers(1, 4), st.integers(1, 2), st.integers(1, 40), st.integers(1, 40), lines, lines).map(
    lambda drawn: Nest(*drawn[:4], Axis(*drawn[4]), Axis(*drawn[5]))
)


@settings(deadline=None, max_examples=60)
@given(one=larger, widths=st.tuples(*[st.sampled_from([4, 8, 16, 32])] * 3, st.sampled_from([8, 24, 32])))
def test_bounds_and_steps_at_every_capacity(one: Nest, widths) -> None:
    assert_bounds_and_steps(one, widths)


def assert_bounds_and_steps(one: Nest, widths) -> None:
    """Every step: the bound holds, more room moves less, and room enough moves every operand once."""
    own = Bits(*widths)
    steps = least_stairs(one, own)
    assert (np.diff(steps.held_bytes) > 0).all()
    assert (np.diff(steps.moved_bytes) < 0).all()
    assert (bound_bytes(one, own, steps.held_bytes) <= steps.moved_bytes).all()
    assert steps.moved_bytes[-1] == compulsory_bytes(one, own)
    enough = int(steps.held_bytes[-1])
    assert Plan(one, own, enough).next_step is None
    for sram in steps.held_bytes[:: 1 + len(steps.held_bytes) // 5].tolist():
        plan = Plan(one, own, sram)
        assert plan.alternative is None or (plan.alternative["ddr_bytes"] >= plan.ddr_bytes and plan.alternative["sram_bytes"] <= sram)


@pytest.mark.slow
@settings(deadline=None, max_examples=1500)
@given(one=larger, widths=st.tuples(*[st.sampled_from([4, 8, 16, 32])] * 3, st.sampled_from([8, 24, 32])))
def test_bounds_of_thousands(one: Nest, widths) -> None:
    assert_bounds_and_steps(one, widths)


@given(
    p=st.integers(1, 9), size=st.integers(1, 20), taps=st.integers(1, 5), stride=st.integers(1, 4), dilation=st.integers(1, 6),
    before=st.integers(0, 6), every=st.integers(1, 3), data=st.data(),
)  # fmt: skip
def test_touched_rows(p, size, taps, stride, dilation, before, every, data) -> None:
    axis = Axis(p, size, taps, stride, dilation, before, every)
    p0 = data.draw(st.integers(0, p - 1))
    p1 = data.draw(st.integers(p0 + 1, p))
    r0 = data.draw(st.integers(0, taps - 1))
    r1 = data.draw(st.integers(r0 + 1, taps))
    met = [i * stride + j * dilation - before for i in range(p0, p1) for j in range(r0, r1)]
    stored = [y for y in met if y % every == 0 and 0 <= y < size * every]
    assert axis.rows().touched(p0, p1, r0, r1) == len(set(stored))
    everything = [i * stride + j * dilation - before for i in range(p) for j in range(taps)]
    pairs = [y for y in everything if y % every == 0 and 0 <= y < size * every]
    assert axis.rows().pairs == len(pairs)
    assert not pairs or axis.reuse >= max(pairs.count(y) for y in pairs)


LAYERS = [
    (L.Conv2d(24, 3, stride=2, groups=4, bias=False), (2, 16, 15, 13)),
    (L.DepthwiseConv2d(5, dilation=2), (1, 6, 20, 20)),
    (L.Conv1d(8, 7, stride=3, padding=2), (1, 4, 50)),
    (L.ConvTranspose2d(12, 4, stride=2, padding=1), (1, 16, 7, 9)),
    (L.Conv3d(6, 3, padding=1), (1, 4, 5, 6, 7)),
    (L.Dense(30), (4, 5, 60)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_every_kind_of_layer(layer, shape) -> None:
    """With room for everything each operand moves once; biases move once in the parameters that are asked for."""
    much = cm.traffic(layer, shape, sram="1 MiB")
    assert much.compulsory_bytes == much.bound_bytes
    assert (much.ddr_bytes == much.compulsory_bytes) == (layer.kind != "conv3d")  # slices of depth share nothing
    network = cm.Network.of(layer(cm.Input(shape)))
    assert much.compulsory_bytes == cm.predict(network, traffic="compulsory").total.ddr_bytes  # all rows of these inputs are needed
    folded = cm.predict(network, traffic="tiled", parameters="all").total
    assert folded.ddr_bytes - much.ddr_bytes == network.parameters["all"] - network.parameters["weights"]
    previous = math.inf
    for sram in (60, 200, 700, 2000, 6000):
        found = cm.traffic(layer, shape, sram=sram)
        assert found.bound_bytes <= found.ddr_bytes <= previous
        previous = found.ddr_bytes


def test_rows_that_no_tap_needs_stay() -> None:
    """1x1 at stride 2 on 8x8x16: 4x4x16 inputs, 16*4 weights, 4x4x4 outputs."""
    found = cm.traffic(L.Conv2d(4, 1, stride=2, bias=False), (1, 16, 8, 8))
    assert found.ddr_bytes == found.compulsory_bytes == 256 + 64 + 64


def test_transposed_against_its_taps() -> None:
    """Each output of a 4x4 kernel at stride 2, padding 1 meets 2x2 inputs at most, fewer at the edge: 2*14-2 rows' pairs an axis."""
    layer, shape = L.ConvTranspose2d(1, 4, stride=2, padding=1, bias=False), (1, 1, 7, 7)
    from costmodel.prediction.tiled import nest_of

    one = nest_of(layer, (shape,), layer.output_shape(shape))
    assert one is not None
    assert one.macs == (4 * 7 - 2) ** 2  # 7 inputs spread 4 taps each, of which the padding cuts one at either end
    assert one.inputs == 49


def test_products_of_maps() -> None:
    """Heads run one after another; a map times itself needs to come once."""
    found = cm.traffic(L.MatMul(), [(1, 12, 197, 64), (1, 12, 64, 197)])
    assert found.ddr_bytes == 2 * 12 * 197 * 64 + 12 * 197 * 197
    shared = cm.traffic(L.MatMul(), [(8, 20, 30), (1, 30, 40)])
    assert shared.compulsory_bytes == 8 * 20 * 30 + 30 * 40 + 8 * 20 * 40
    x = cm.Input((1, 40, 40))
    square = cm.traffic(cm.Network.of(L.MatMul()(x, x)), sram=500)
    assert square.compulsory_bytes == 2 * 1600
    assert square.bound_bytes <= square.ddr_bytes


@pytest.mark.parametrize(
    ("network", "sram", "compulsory"),
    # ZigZag's best mapping of MobileNet v1 at 1 MiB moves 14.40 MB. Sums over convolutions and dense layers of needed inputs,
    # weights and outputs; of ResNet-50 that whose stride stands in the 3x3 convolutions.
    [("mobilenet_v1", "128 KiB", 14_396_840), ("mobilenet_v2", "64 KiB", 16_916_072), ("resnet50", "256 KiB", 46_228_648)],
)
def test_compulsory_is_reached(network: str, sram: str, compulsory: int) -> None:
    net = cm.zoo.build(network, **({"version": "v1.5"} if network == "resnet50" else {}))
    found = cm.traffic(net, sram=sram)
    assert sum(layer.ddr_bytes for layer in found.layers if layer.plan is not None) == compulsory
    assert all(layer.ddr_bytes == layer.compulsory_bytes for layer in found.layers)


def product_of(text: str) -> int:
    """The value of a line of a plan: 2 x 3 rows x 4 B + 5 x 6 B."""
    total = 0
    for term in text.split(" + "):
        factors = [int(word.replace(",", "")) for word in re.findall(r"[\d,]+", term)]
        total += math.prod(factors)
    return total


@pytest.mark.parametrize("sram", [700, 8192, 65_536])
def test_the_arithmetic_of_a_plan_is_right(sram: int) -> None:
    """Each line's product is its figure, and the figures add up."""
    plans = [cm.traffic(layer, shape, sram=sram).plan for layer, shape in LAYERS if layer.kind != "conv3d"]
    plans += cm.traffic("mobilenet_v1", sram=8 * sram).plan.values()
    for plan in plans:
        moved = [line for line in plan.sums if line.split()[0] in ("inputs", "weights", "outputs") and not line.startswith(" ")]
        held = [line.strip() for line in plan.sums if line.startswith("  ")]
        for line in (*moved, *held):
            figure, _, product = line.partition(" = ")
            assert int(figure.split()[1].replace(",", "")) == product_of(product), line
        assert sum(product_of(line.partition(" = ")[2]) for line in moved) == plan.ddr_bytes
        assert sum(product_of(line.partition(" = ")[2]) for line in held) == plan.held_bytes


def test_a_plan_names_the_alternative_and_what_binds() -> None:
    plan = cm.traffic(L.Conv2d(64, 3, padding="valid", bias=False), (1, 64, 18, 18), sram=4294, accumulator_bits=8).plan
    assert plan.alternative["ddr_bytes"] >= plan.ddr_bytes
    assert plan.next_step["ddr_bytes"] < plan.ddr_bytes
    after = cm.traffic(L.Conv2d(64, 3, padding="valid", bias=False), (1, 64, 18, 18), sram=plan.next_step["sram_bytes"], accumulator_bits=8)
    assert after.ddr_bytes == plan.next_step["ddr_bytes"]
    before = cm.traffic(
        L.Conv2d(64, 3, padding="valid", bias=False), (1, 64, 18, 18), sram=plan.next_step["sram_bytes"] - 1, accumulator_bits=8
    )
    assert before.ddr_bytes == plan.ddr_bytes
    assert "sums take" in plan.binding


def test_the_slope_is_the_traffic_at_each_capacity() -> None:
    capacities = ["600 B", 5000, "64 KiB", "1 MiB"]
    layer, shape = L.Conv2d(48, 3), (1, 32, 20, 20)
    slope = cm.ski_slope(layer, capacities, shape)
    one_by_one = [cm.traffic(layer, shape, sram=sram) for sram in capacities]
    assert slope.ddr_bytes.tolist() == [found.ddr_bytes for found in one_by_one]
    assert slope.bound_bytes.tolist() == [found.bound_bytes for found in one_by_one]
    knees = slope.knees
    assert [knee.ddr_bytes for knee in knees] == sorted((knee.ddr_bytes for knee in knees), reverse=True)
    assert knees[-1].ddr_bytes == slope.compulsory_bytes
    assert knees[-1].name.startswith("compulsory")
    for knee in knees:
        assert cm.traffic(layer, shape, sram=knee.sram_bytes).ddr_bytes == knee.ddr_bytes
    assert [row["sram_bytes"] for row in slope.table().rows] == [600, 5000, 65_536, 1_048_576]


def test_the_policy_in_a_prediction() -> None:
    machine = cm.Hardware(sram="16 KiB", ddr="1 GB/s", macs="1 TFLOPS", other="10 GFLOPS")
    prediction = cm.predict("mobilenet_v1", machine, traffic="tiled")
    same = cm.traffic("mobilenet_v1", sram="16 KiB")
    assert prediction.total.ddr_bytes == same.ddr_bytes
    assert prediction.total.ddr_bytes_bound == same.bound_bytes
    for row, layer in zip(prediction.rows, same.layers, strict=True):
        assert (row.ddr_bytes, row.ddr_bytes_bound, row.ddr_bytes_compulsory) == (
            layer.ddr_bytes,
            layer.bound_bytes,
            layer.compulsory_bytes,
        )
        assert row.ddr_bytes_compulsory <= row.ddr_bytes_bound <= row.ddr_bytes


@settings(deadline=None, max_examples=15)
@given(recipe=recipes, sram=st.integers(60, 20_000), more=st.integers(0, 20_000))
def test_networks_with_branches(recipe, sram: int, more: int) -> None:
    net = build(recipe, 3, 12, 9)
    found, roomier = cm.traffic(net, sram=sram), cm.traffic(net, sram=sram + more)
    for layer, again in zip(found.layers, roomier.layers, strict=True):
        assert layer.compulsory_bytes <= layer.bound_bytes <= layer.ddr_bytes
        assert again.ddr_bytes <= layer.ddr_bytes
    assert found.bound_bytes <= found.ddr_bytes


def test_symbols_are_refused() -> None:
    S, R = cm.symbols("S"), cm.symbols("R", multiple_of=32)
    with pytest.raises(cm.errors.SymbolicError, match="needs plain figures"):
        _ = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(sram=S), traffic="tiled").total.ddr_bytes
    with pytest.raises(cm.errors.SymbolicError, match="needs plain sizes"):
        _ = cm.predict(cm.zoo.mobilenet_v1(resolution=R), traffic="tiled").total.ddr_bytes
    with pytest.raises(cm.errors.SymbolicError, match="one plain number"):
        cm.traffic("mobilenet_v1", sram=S)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cm.traffic(L.Conv2d(8, 3)), "`input_shapes` is missing"),
        (lambda: cm.traffic(L.Conv2d(8, 3), 5), "must be a shape"),
        (lambda: cm.traffic("mobilenet_v1", (1, 3, 224, 224)), "goes with a layer"),
        (lambda: cm.traffic(L.Conv2d(8, 3), (1, 4, 8, 8), sram=5), "holds no element of each operand; the least that does is 6 B"),
        (lambda: cm.traffic(L.Conv2d(8, 3), (1, 4, 8, 8), sram="64 Kib"), "in bits"),
        (lambda: cm.traffic(L.Conv2d(8, 3), (1, 4, 8, 8), sram=0), "must be finite and positive"),
        (lambda: cm.traffic(L.Conv2d(8, 3), (1, 4, 8, 8), policy="tilde"), "did you mean tiled"),
        (lambda: cm.traffic(7), "must be a layer, a Network, the name of one in the zoo or a file"),
        (lambda: cm.ski_slope(L.Conv2d(8, 3), 5, (1, 4, 8, 8)), "must be several capacities"),
        (lambda: cm.ski_slope(L.Conv2d(8, 3), [], (1, 4, 8, 8)), "is empty"),
        (lambda: cm.ski_slope(L.Conv2d(8, 3), [5, 600], (1, 4, 8, 8)), "the least that does is 6 B"),
    ],
)
def test_bad_input(call, message: str) -> None:
    with pytest.raises(cm.CostModelError, match=re.escape(message)):
        call()


def test_memory_to_be_bound_by_arithmetic() -> None:
    """1 TFLOPS and 1 GB/s: 500 MACs while a byte comes, S = (2*500)**2 = 1.0 MB; in fp32 2000 a word, 16 M words of 4 B."""
    from costmodel.formulas import traffic as formulas

    assert formulas.compute_bound_sram(10**12, 10**9, 1, 1) == 1_000_000
    assert round(formulas.compute_bound_sram(10**12, 10**9, 9, 1) / 1e6, 2) == 0.11
    assert formulas.compute_bound_sram(10**12, 10**9, 1, 4) == 64_000_000
    pi, beta = sp.symbols("pi beta", positive=True)
    assert sp.simplify(formulas.compute_bound_sram(pi, beta, 1, 1) - (pi / beta) ** 2) == 0


@pytest.mark.parametrize("sram", [4161, 65_793, 1_049_601])
def test_the_closed_form_is_near(sram: int) -> None:
    """4096**3: 2 N**3 / sqrt(S) + N**2, within two per cent of the least tiling."""
    from costmodel.formulas import traffic as formulas

    assert formulas.tiled(4096**3, 4096**2, 1, sram) == pytest.approx(GEMM[sram], rel=0.02)
