"""Double buffers against a simulation of events, weights that come early, bursts by addresses, what stays on chip by trying all."""

import itertools
import random
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mappings import Small, above, walk
from pipeline import Tile, run, seen, tiles_of
from strategies import build, recipes

import costmodel as cm
from costmodel.formulas.time import double_buffered
from costmodel.prediction import Widths, Workload
from costmodel.prediction.residency import ResidencyPlan
from costmodel.prediction.residency.choice import Item, choose
from costmodel.prediction.tiled.axis import Axis
from costmodel.prediction.tiled.nest import Bits, Nest
from costmodel.prediction.tiled.pipeline import runs, tiles
from costmodel.prediction.tiled.plan import Plan

L = cm.layers
seconds = st.integers(0, 20)


def machine(sram: int = 4000, **more) -> cm.Hardware:
    return cm.Hardware(sram=sram, ddr="1 MB/s", macs="40 MFLOPS", other="20 MOP/s").replace(**more)


@given(load=seconds, compute=seconds, store=seconds, count=st.integers(1, 12))
def test_equal_tiles_against_events(load: int, compute: int, store: int, count: int) -> None:
    found = [Tile("inputs", i, i, load, 0) for i in range(count)] + [Tile("sums", i, i, 0, store) for i in range(count)]
    time, events = double_buffered(load, compute, store, count), run([compute] * count, found)
    assert events <= time <= events + compute
    if compute >= load + store or count == 1:
        assert time == events
    # with a bus for each way the same line holds with the slowest of three
    assert run([compute] * count, found, separate=True) == load + compute + store + (count - 1) * max(load, compute, store)


def plans(count: int, most: int):
    """Plans of small convolutions of at most so many tiles."""
    draw = random.Random(7)
    while count:
        k, t, p, q = draw.choice([1, 3]), draw.choice([1, 1, 2]), draw.choice([7, 8, 14]), draw.choice([7, 8])
        m, c = draw.choice([4, 8, 16]), draw.choice([3, 8, 16])
        shape = Small(1, m, c, p, q, k, k, ((p - 1) * t + k, t, 1, 0, 1), ((q - 1) * t + k, t, 1, 0, 1))
        nest = Nest(1, 1, m, c, *(Axis(o, rows[0], k, t, 1, 0, 1) for o, rows in ((p, shape.rows), (q, shape.columns))))
        sram = int(draw.choice([0.05, 0.1, 0.2, 0.5, 1]) * (nest.inputs + nest.weights + nest.outputs))
        plan = Plan(nest, Bits(), max(sram, 40))
        if sum(1 for _ in walk(shape, tuple(step for step in plan.loops if step[0] != "hold"))) <= most:
            count -= 1
            yield shape, plan


def test_tilings_against_events() -> None:
    """Tiles of a real tiling are unequal, so that the pipeline is an estimate: the middle of many is near, the bounds always hold."""
    ratios = []
    for shape, plan in plans(16, 500):
        work, found = tiles_of(shape, plan.loops, (1, 1, 1, 4))
        assert sum(tile.load + tile.store for tile in found) == plan.ddr_bytes
        for share in (0.25, 0.8, 1.25, 4):
            core = share * plan.ddr_bytes
            events = run([core * macs / sum(work) for macs in work], found)
            n = tiles(plan)
            time = double_buffered(plan.ddr_bytes / n, core / n, 0, n)
            assert max(core, plan.ddr_bytes) <= events * (1 + 1e-9)
            assert events <= (core + plan.ddr_bytes) * (1 + 1e-9)
            assert max(core, plan.ddr_bytes) * (1 - 1e-9) <= time <= (core + plan.ddr_bytes) * (1 + 1e-9)
            ratios.append(time / events)
    assert 0.9 < statistics.median(ratios) < 1.05
    assert 0.6 < min(ratios) <= max(ratios) < 1.2


@settings(deadline=None)
@given(recipe=recipes, sram=st.integers(500, 20_000))
def test_overlapped_tiles_have_half_the_buffer(recipe, sram: int) -> None:
    net = build(recipe, 3, 12, 9)
    p, half = cm.predict(net, machine(sram), traffic="tiled"), cm.predict(net, machine(sram // 2), traffic="tiled")
    for row, other in zip(p, half, strict=True):
        assert row.ddr_bytes <= row.ddr_bytes_overlapped == other.ddr_bytes
        bus, core = row.ddr_bytes_overlapped / 1e6, row.mac_time_s + row.other_time_s
        if row.tiles is None:
            assert row.time_overlapped_s == max(bus, core)
        else:
            assert row.time_overlapped_s == pytest.approx((bus + core) / row.tiles + (row.tiles - 1) * max(bus, core) / row.tiles)
        assert row.time_best_s == min(row.time_serial_s, row.time_overlapped_s)
        assert row.faster == ("serial" if row.time_serial_s < row.time_overlapped_s else "overlapped")
    kinds = {row.faster for row in p}
    assert p.total.faster == (kinds.pop() if len(kinds) == 1 else "mixed")
    assert p.total.time_best_s == pytest.approx(sum(row.time_best_s for row in p))
    assert p.total.ddr_bytes_overlapped == half.total.ddr_bytes


def test_a_layer_too_large_for_half_the_buffer_runs_alone() -> None:
    """A dot product holds an input, a weight and a sum of 32 bits, 6 B; 11 B hold no two of each."""
    net = cm.sequential((1, 10), [L.Dense(1, bias=False)])
    row = cm.predict(net, machine(11), traffic="tiled")[0]
    assert (row.tiles, row.ddr_bytes_overlapped, row.faster) == (1, 21, "overlapped")
    assert row.time_overlapped_s == pytest.approx(row.time_serial_s)
    assert cm.predict(net, machine(12), traffic="tiled")[0].tiles == -(-21 // 6)


@settings(deadline=None)
@given(recipe=recipes, sram=st.integers(500, 30_000), traffic=st.sampled_from(["resident", "compulsory", "tiled", "residency", "weights"]))
def test_weights_that_come_early(recipe, sram: int, traffic: str) -> None:
    net, hw = build(recipe, 3, 12, 9), machine(sram, burst=16, overhead="1 us")
    plain, early = (cm.predict(net, hw, traffic=traffic, weight_prefetch=flag) for flag in (False, True))
    overheads, ddr = 1e-6 * len(plain), sum(plain.occupied_bytes_overlapped) / 1e6
    core = plain.total.mac_time_s + plain.total.other_time_s
    assert early.total.time_overlapped_s <= plain.total.time_overlapped_s * (1 + 1e-12)
    assert early.total.time_overlapped_s >= (max(ddr, core) + overheads) * (1 - 1e-12)
    assert early.total.time_serial_s == plain.total.time_serial_s
    assert [row.ddr_bytes for row in early] == [row.ddr_bytes for row in plain]


@pytest.mark.parametrize(("sram", "op_s", "there"), [(10_000, 5, 1000), (2600, 5, 600), (2000, 5, 0), (10_000, 1.3, 300)])
def test_weights_that_come_early_by_hand(sram: int, op_s: float, there: int) -> None:
    """A byte takes a second. A sigmoid of 1000 reads 1000 B and keeps the core busy for 1000 operations; its result stays.

    The bus is idle for what is left. Of the 1000 weights of the dense layer behind it as many come as there is time for, and as fit beside
    the 2000 B of both maps. The layer then reads the rest and writes 1 B, or takes the 100 s of its MACs at 0.1 s each.
    """
    net = cm.sequential((1, 1000), [L.Sigmoid(), L.Dense(1, bias=False)])
    hw = cm.Hardware(sram=sram, ddr=1, macs=20, other=1 / op_s)
    p = cm.predict(net, hw, weight_prefetch=True, other_ops={"sigmoid": 1})
    assert [row.time_overlapped_s for row in p] == pytest.approx([max(1000, 1000 * op_s), max(1001 - there, 100)])
    assert p.total.time_overlapped_s == pytest.approx(1000 * op_s + max(1001 - there, 100))


def stretches(shape: Small, plan: Plan, operand: str, order: str) -> list[int]:
    """Lengths of what stands in a row in memory and moves in a row in time, by walking the loops; `order`: axes, innermost first."""
    loops = []
    for word, what in plan.loops:
        if (word, what) == ("hold", operand):
            break
        if word != "hold":
            loops.append((word, what))
    keep = above(operand, tuple(loops))
    size = {"c": shape.c, "m": shape.m, "p": shape.p, "q": shape.q}
    if operand == "inputs":
        size |= {"p": shape.rows[0], "q": shape.columns[0]}
    found, last, held, state = [], None, set(), None
    for at, _ in walk(shape, keep):
        outer = seen(shape, keep, at)
        lines = {d: list(outer[d]) for d in order}
        if operand == "inputs":
            lines |= {"p": sorted(shape.line("p", outer["p"], outer["r"])), "q": sorted(shape.line("q", outer["q"], outer["s"]))}
        stays = operand == "inputs" and keep and keep[-1][0] in "pq" and state is not None and state[:-1] == at[:-1]
        wanted = set()
        for place in itertools.product(*(lines[d] for d in reversed(order))):
            address = 0
            for d, i in zip(reversed(order), place, strict=True):
                address = address * size[d] + i
            wanted.add(address)
        for address in sorted(wanted - held if stays else wanted):
            if last is not None and address == last + 1:
                found[-1] += 1
            else:
                found.append(1)
            last = address
        held, state = wanted, at
    return found


@pytest.mark.parametrize("last", [False, True])
def test_runs_by_addresses(last: bool) -> None:
    """With no room to spare: between the commonest and the longest stretch of addresses that follow each other."""
    checked = 0
    for shape, plan in plans(40, 1000):
        tight = Plan(plan.nest, plan.bits, plan.held_bytes)
        if plan.nest.p == plan.nest.q or plan.nest.p.stride > shape.r:
            continue  # may be swept the other way; rows and columns that are skipped are taken to come along
        inputs, _, outputs = runs(tight, last, 1e9)
        found = {
            x: stretches(shape, tight, x, order) for x, order in (("inputs", "cqp" if last else "qpc"), ("sums", "mqp" if last else "qpm"))
        }
        assert statistics.mode(found["sums"]) <= outputs <= max(found["sums"])
        assert statistics.mode(found["inputs"]) <= inputs <= max(found["inputs"])
        checked += 1
    assert checked > 8


def test_bursts_by_hand() -> None:
    """Longer bursts waste more, and the bus is busy for as much longer; maps that move whole waste nothing."""
    net = cm.sequential((1, 8, 14, 7), [L.Conv2d(16, 3, padding=0, bias=False)])
    tight = {b: cm.predict(net, machine(600).replace(burst=b), traffic="tiled").total for b in (1, 8, 64, 512)}
    assert tight[1].burst_efficiency == 1
    shares = [tight[b].burst_efficiency for b in (1, 8, 64, 512)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 1
    for b, total in tight.items():
        assert total.ddr_time_s == pytest.approx(total.ddr_bytes / total.burst_efficiency / 1e6), b
    whole = cm.predict(net, machine(600, burst=64), traffic="compulsory").total
    assert whole.burst_efficiency == 1


def best_by_trying(items: list[Item], weights: list[int], capacity: int) -> int:
    best, steps = 0, max((item.last for item in items), default=0) + 1
    for kept in itertools.product((0, 1), repeat=len(weights)):
        always = sum(w for w, k in zip(weights, kept, strict=True) if k)
        for chosen in itertools.product((0, 1), repeat=len(items)):
            held = [always] * steps
            for item, k in zip(items, chosen, strict=True):
                for step in range(item.first, item.last + 1):
                    held[step] += item.n_bytes * k
            if max(held) <= capacity:
                best = max(best, always + sum(item.spared_bytes for item, k in zip(items, chosen, strict=True) if k))
    return best


def item(first: int, length: int, n_bytes: int, times: int) -> Item:
    return Item(first, n_bytes, first, first + length, n_bytes * times)  # the reference is not looked at


items_ = st.lists(st.builds(item, st.integers(0, 6), st.integers(0, 5), st.integers(1, 30), st.integers(1, 4)), max_size=8).map(
    lambda found: sorted(found, key=lambda one: one.first)
)


@settings(deadline=None)
@given(items=items_, weights=st.lists(st.integers(1, 30), max_size=4), capacity=st.integers(0, 90))
def test_what_stays_against_trying_all(items, weights, capacity: int) -> None:
    found = choose(items, weights, capacity)
    assert found.spared_bytes == found.most_spared_bytes == best_by_trying(items, weights, capacity)


@settings(deadline=None)
@given(items=items_, weights=st.lists(st.integers(1, 30), max_size=4), capacity=st.integers(0, 90), labels=st.integers(1, 4))
def test_what_stays_where_not_all_are_followed(items, weights, capacity: int, labels: int) -> None:
    found = choose(items, weights, capacity, labels, sums=0)
    assert found.spared_bytes <= best_by_trying(items, weights, capacity) <= found.most_spared_bytes


@settings(deadline=None)
@given(recipe=recipes, sram=st.integers(0, 20_000), steady=st.booleans())
def test_residency(recipe, sram: int, steady: bool) -> None:
    """Held bytes by walking; never more than `resident`, never less than what must cross, and as much as it says it spares."""
    net, hw = build(recipe, 3, 12, 9), machine(max(sram, 1))
    p = cm.predict(net, hw, traffic="residency", steady_state=steady)
    plan, w = p.plan, p.workload
    kept = set(plan.kept_weights)
    for index, step in enumerate(w.steps):
        held = sum(s.weight_bytes for s in w.steps if s.name in kept)
        for ref in plan.maps:
            one = w.maps[ref]
            born = one.consumers[0] if one.producer < 0 else one.producer
            held += one.n_bytes * (born <= index <= one.consumers[-1])
        assert held == plan.held_bytes[index] <= hw.sram_bytes, step.name
    resident = cm.predict(net, hw, traffic="resident", steady_state=steady).total
    nothing = cm.predict(net, machine(1), traffic="resident").total.ddr_bytes
    assert p.total.ddr_bytes_bound <= p.total.ddr_bytes <= resident.ddr_bytes <= nothing
    assert p.total.ddr_bytes == nothing - plan.choice.spared_bytes
    assert plan.optimal
    assert resident.ddr_bytes_bound <= resident.ddr_bytes
    assert bool(kept) <= steady


@settings(deadline=None)
@given(recipe=recipes, sram=st.integers(500, 30_000))
def test_weights_of_the_first_layers_stay(recipe, sram: int) -> None:
    net = build(recipe, 3, 12, 9)
    p = cm.predict(net, machine(sram), steady_state=True)
    room = sram - p.total.peak_live_bytes
    spared = 0
    for row in p:
        room -= row.weight_bytes
        spared += row.weight_bytes if room >= 0 else 0
    assert p.total.ddr_bytes == cm.predict(net, machine(sram)).total.ddr_bytes - spared


def test_a_plan_that_is_cut_short_says_so() -> None:
    workload = Workload(cm.zoo.densenet121(), Widths())
    full, short = ResidencyPlan(workload, 2**18, True), ResidencyPlan(workload, 2**18, True, labels=2)
    assert full.optimal
    assert not short.optimal
    assert short.least_ddr_bytes <= full.ddr_bytes <= short.ddr_bytes
    assert "from the optimum" in short.sentence


def test_arrays_are_what_their_points_are() -> None:
    srams = [2000, 2**15, 2**17]
    many = machine(sram=np.array(srams)[:, None], ddr=np.array([1e6, 1e9]), burst=64, overhead="1 us", utilisation={"depthwise": 0.3})
    for traffic, early in (("tiled", False), ("tiled", True), ("resident", True), ("residency", True)):
        total = cm.predict("mobilenet_cifar", many, traffic=traffic, weight_prefetch=early).total
        for (i, sram), (j, ddr) in itertools.product(enumerate(srams), enumerate((1e6, 1e9))):
            one = cm.predict("mobilenet_cifar", many.replace(sram=sram, ddr=ddr), traffic=traffic, weight_prefetch=early).total
            for field in ("time_serial_s", "time_overlapped_s", "time_best_s", "ddr_bytes", "ddr_bytes_overlapped", "burst_efficiency"):
                assert np.broadcast_to(getattr(total, field), (3, 2))[i, j] == pytest.approx(getattr(one, field), rel=1e-12), field
            for field in ("faster", "bound_by"):
                assert np.broadcast_to(getattr(total, field), (3, 2))[i, j] == getattr(one, field)
