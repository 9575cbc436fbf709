"""Orders against all topological orders, arenas against pairwise comparison: the tests know no rule of the library's."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import build, recipes

import costmodel as cm
from costmodel.prediction.arena import Rectangle, allocate, load, overlaps
from costmodel.prediction.liveness import Buffer, BufferGraph, Overwrite
from costmodel.prediction.order import best_order, given_order


@st.composite
def graphs(draw: st.DrawFn, largest: int = 7) -> BufferGraph:
    """Steps that write one buffer each and read earlier ones; an input; perhaps a buffer that several steps fill; overwrites."""
    n = draw(st.integers(1, largest))
    before = [tuple(sorted(draw(st.sets(st.integers(0, i - 1), max_size=3)))) if i else () for i in range(n)]
    sizes = draw(st.lists(st.integers(0, 9), min_size=n + 2, max_size=n + 2))
    buffers = [Buffer(f"b{i}", sizes[i], (i, *(k for k in range(n) if i in before[k]))) for i in range(n)]
    buffers.append(Buffer("input", sizes[n], tuple(i for i in range(n) if not before[i]), from_start=True))
    buffers.append(Buffer("filled", sizes[n + 1], tuple(sorted(draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=3))))))
    over = draw(st.sets(st.integers(0, n - 1)))
    overwrites = {i: tuple(Overwrite(k, i) for k in before[i] if sizes[k] >= sizes[i]) for i in over}
    return BufferGraph([f"s{i}" for i in range(n)], before, buffers, overwrites)


def orders(graph: BufferGraph, done: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every topological order."""
    if len(done) == len(graph.steps):
        yield done
    for step in range(len(graph.steps)):
        if step not in done and all(b in done for b in graph.before[step]):
            yield from orders(graph, (*done, step))


def simulated(graph: BufferGraph, order: tuple[int, ...]) -> int:
    """The peak, by going through the steps with the set of buffers held."""
    held = {b.name for b in graph.buffers if b.from_start}
    most = 0
    for at, step in enumerate(order):
        later = order[at + 1 :]
        new = {b.name for b in graph.buffers if step in b.steps} - held
        gone = {b.name for b in graph.buffers if step in b.steps and not any(s in b.steps for s in later)}
        over = any(graph.buffers[o.old].name in gone for o in graph.overwrites.get(step, ()))
        live = sum(b.n_bytes for b in graph.buffers if b.name in held | new)
        most = max(most, live - over * graph.buffers[step].n_bytes)
        held = (held | new) - gone
    return most


@given(graph=graphs())
def test_the_best_order_is_that_of_brute_force(graph: BufferGraph) -> None:
    least = min(simulated(graph, order) for order in orders(graph))
    found = best_order(graph, 60)
    assert sorted(found.steps) == list(range(len(graph.steps)))
    assert all(found.steps.index(b) < found.steps.index(s) for s, earlier in enumerate(graph.before) for b in earlier)
    assert found.peak_bytes == simulated(graph, found.steps) == least
    assert found.optimal
    assert given_order(graph).lower_bound_bytes <= least


@settings(max_examples=15)
@given(graph=graphs(30))
def test_bounds_hold_where_time_runs_out(graph: BufferGraph) -> None:
    hurried, patient = best_order(graph, 1e-9), best_order(graph, 0.05)
    for found in (hurried, patient):
        assert sorted(found.steps) == list(range(len(graph.steps)))
        assert found.peak_bytes == simulated(graph, found.steps) <= given_order(graph).peak_bytes
    assert hurried.lower_bound_bytes <= patient.peak_bytes
    assert patient.lower_bound_bytes <= hurried.peak_bytes


@given(recipe=recipes, fuse=st.booleans())
def test_the_peak_of_the_order_given_is_the_workloads(recipe: list[tuple[str, int]], fuse: bool) -> None:
    net = build(recipe, 3, 12, 9)
    peak = cm.predict(net, fuse_epilogues=fuse).total.peak_live_bytes
    given_, best = (cm.memory(net, order, fuse_epilogues=fuse) for order in ("given", "best"))
    assert given_.peak_live_bytes == max(given_.live_bytes) == peak
    assert given_.lower_bound_bytes <= best.lower_bound_bytes <= best.peak_live_bytes <= peak
    assert best.peak_live_bytes <= best.arena_bytes
    assert best.optimal


@pytest.mark.parametrize("in_place", [(), ("elementwise",), ("depthwise",), ("concat",), ("elementwise", "depthwise_row_buffer", "concat")])
@given(recipe=recipes)
def test_tensors_account_for_the_live_bytes(recipe: list[tuple[str, int]], in_place: tuple[str, ...]) -> None:
    m = cm.memory(build(recipe, 3, 12, 9), in_place=in_place, time_limit_s=0.2)
    held = [sum(t.n_bytes for t in m.tensors if t.lower <= at < t.upper) for at in range(len(m.order))]
    assert held == list(m.live_bytes)
    assert sum(t.n_bytes for t in m.live_at_peak) == m.peak_live_bytes
    assert collisions([tuple(t) for t in m.tensors]) == set()
    assert max(t.offset + t.n_bytes for t in m.tensors) == m.arena_bytes


@given(recipe=recipes)
def test_writing_over_an_input_never_holds_more(recipe: list[tuple[str, int]]) -> None:
    net = build(recipe, 3, 12, 9)
    plain = cm.memory(net, "given").peak_live_bytes
    counted, free = (cm.memory(net, "given", name).peak_live_bytes for name in ("depthwise_row_buffer", "depthwise"))
    assert free <= counted <= plain
    assert cm.memory(net, "given", "elementwise").peak_live_bytes <= plain


rectangles = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 5), st.integers(1, 9)).map(lambda t: (t[0], t[0] + t[1], t[2])), min_size=1, max_size=12
).map(lambda found: [Rectangle(f"r{i}", *t) for i, t in enumerate(found)])


def collisions(placed: list[tuple[str, int, int, int, int]]) -> set[tuple[str, str]]:
    """Pairs that share a cell, cell by cell; placed as (name, bytes, lower, upper, offset)."""
    owner: dict[tuple[int, int], list[str]] = {}
    spots = sorted({edge for _, n, _, _, at in placed for edge in (at, at + n)})
    for name, n, lower, upper, at in placed:
        for time in range(lower, upper):
            for spot in spots:
                if at <= spot < at + n:
                    owner.setdefault((time, spot), []).append(name)
    return {(a, b) for names in owner.values() for a in names for b in names if a < b}


@given(found=rectangles, data=st.data())
def test_the_checker_finds_exactly_the_planted_overlaps(found: list[Rectangle], data: st.DataObject) -> None:
    offsets = data.draw(st.lists(st.integers(0, 20), min_size=len(found), max_size=len(found)))
    expected = collisions([(r.name, r.n_bytes, r.lower, r.upper, at) for r, at in zip(found, offsets, strict=True)])
    assert {tuple(sorted(pair)) for pair in overlaps(found, offsets)} == expected


def test_the_checker_finds_what_lies_below_the_arena() -> None:
    assert overlaps([Rectangle("a", 0, 1, 4)], [-1]) == [("a", "a")]


@given(found=rectangles)
def test_an_arena_lies_between_the_load_and_all_bytes(found: list[Rectangle]) -> None:
    arena = allocate(found, time_limit_s=0.05)
    assert collisions([(r.name, r.n_bytes, r.lower, r.upper, at) for r, at in zip(found, arena.offsets, strict=True)]) == set()
    most = max(sum(r.n_bytes for r in found if r.lower <= time < r.upper) for time in range(14))
    assert load(found) == arena.lower_bound_bytes == most <= arena.height_bytes <= sum(r.n_bytes for r in found)


@given(found=rectangles)
def test_what_takes_the_place_of_another_shares_its_address(found: list[Rectangle]) -> None:
    following = [(i, j) for i, a in enumerate(found) for j, b in enumerate(found) if b.lower == a.upper and b.n_bytes <= a.n_bytes][:1]
    arena = allocate(found, following, time_limit_s=0.05)
    assert all(arena.offsets[i] == arena.offsets[j] for i, j in following)
    assert not overlaps(found, arena.offsets)


@given(sizes=st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_a_chain_has_no_gap(sizes: list[int]) -> None:
    chain = [Rectangle(f"r{i}", max(i - 1, 0), i + 1, n) for i, n in enumerate(sizes)]
    arena = allocate(chain)
    assert arena.height_bytes == max(a + b for a, b in pairwise(sizes))
