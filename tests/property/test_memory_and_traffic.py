"""Live bytes and traffic against a simulator that walks the graph and knows no formula of the library's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import build, recipes

import costmodel as cm

srams = st.integers(200, 30_000)


def machine(sram: int) -> cm.Hardware:
    return cm.Hardware(sram=sram, ddr="1 MB/s", macs="1 MFLOPS", other="1 MOP/s")


def size(shape) -> int:
    n = 1
    for k in shape:
        n *= k
    return n


def simulate(net: cm.Network, sram: int) -> tuple[int, int]:
    """Peak live bytes and resident DDR bytes, every node a step of its own, by walking the nodes.

    A tensor that only renames another (dropout, flatten) is that other.
    """
    same, order, reads = {}, [], {}
    for node in net.nodes.values():
        name = node.name
        same[name] = same[node.inputs[0].node] if node.layer.kind in ("dropout", "flatten", "reshape", "identity") else name
        if same[name] == name and node.layer.kind != "input":
            order.append(name)
            reads[name] = list(dict.fromkeys(same[r.node] for r in node.inputs))
    bytes_of = {name: size(node.output_shapes[0]) for name, node in net.nodes.items() if same[name] == name}
    inputs = [name for name in bytes_of if name not in order]
    readers = {tensor: [i for i, step in enumerate(order) if tensor in reads[step]] for tensor in bytes_of}
    birth = {tensor: order.index(tensor) if tensor in order else 0 for tensor in bytes_of}
    death = {tensor: max([birth[tensor], *readers[tensor]]) for tensor in bytes_of if readers[tensor] or tensor in order}
    live = [sum(bytes_of[t] for t in death if birth[t] <= i <= death[t]) for i in range(len(order))]
    moved = 0
    for tensor, n_bytes in bytes_of.items():
        if tensor not in death:
            continue
        stays = all(live[i] <= sram for i in range(birth[tensor], death[tensor] + 1))
        returned = any(same[r.node] == tensor for r in net.outputs)
        if tensor in inputs:
            moved += n_bytes * (1 if stays else len(readers[tensor]))
        else:
            moved += n_bytes * (returned or not stays) + n_bytes * (0 if stays else len(readers[tensor]))
    weights = sum(net.counts[name].weights for name in net.nodes)
    return max(live), moved + weights


@given(recipe=recipes, sram=srams)
def test_against_the_simulator(recipe, sram: int) -> None:
    net = build(recipe, 3, 12, 9)
    total = cm.predict(net, machine(sram), fuse_epilogues=False).total
    assert (total.peak_live_bytes, total.ddr_bytes) == simulate(net, sram)


@given(recipe=recipes, sram=srams)
def test_fusing_never_holds_more(recipe, sram: int) -> None:
    net = build(recipe, 3, 12, 9)
    fused, plain = (cm.predict(net, machine(sram), fuse_epilogues=f).total for f in (True, False))
    assert fused.peak_live_bytes <= plain.peak_live_bytes
    assert (fused.macs, fused.other_ops, fused.weight_bytes) == (plain.macs, plain.other_ops, plain.weight_bytes)


@given(recipe=recipes, sram=srams)
def test_bounds_hold(recipe, sram: int) -> None:
    net = build(recipe, 3, 12, 9)
    for policy in ("compulsory", "resident"):
        total = cm.predict(net, machine(sram), traffic=policy).total
        assert total.ddr_bytes_bound <= total.ddr_bytes
    assert cm.predict(net, machine(sram), traffic="weights").total.ddr_bytes_bound is None
    for row in cm.predict(net, machine(sram), traffic="compulsory").rows:
        assert row.ddr_bytes_bound <= row.ddr_bytes
        assert row.ddr_bytes == row.ddr_bytes_compulsory == row.input_bytes + row.weight_bytes + row.output_bytes


@given(recipe=recipes, small=srams, more=srams)
def test_more_sram_never_moves_more(recipe, small: int, more: int) -> None:
    net = build(recipe, 3, 12, 9)
    a, b = (cm.predict(net, machine(s)).total.ddr_bytes for s in (small, small + more))
    assert b <= a


@given(recipe=recipes)
def test_totals_add_up(recipe) -> None:
    prediction = cm.predict(build(recipe, 3, 12, 9), machine(5000))
    rows, total = prediction.rows, prediction.total
    for field in ("macs", "other_ops", "ddr_bytes", "weight_bytes"):
        assert sum(getattr(row, field) for row in rows) == getattr(total, field)
    assert sum(row.time_serial_s for row in rows) == pytest.approx(total.time_serial_s, rel=1e-12)
    assert sum(row.time_overlapped_s for row in rows) == pytest.approx(total.time_overlapped_s, rel=1e-12)
    assert max(row.live_bytes for row in rows) == total.peak_live_bytes
    assert total.time_overlapped_s <= total.time_serial_s


@given(recipe=recipes, batch=st.integers(1, 5))
def test_batch_scales_work_but_not_weights(recipe, batch: int) -> None:
    one, many = build(recipe, 2, 9, 9), build(recipe, 2, 9, 9, batch)
    assert many.macs == batch * one.macs
    assert many.totals[2:] == one.totals[2:]


@given(bits=st.sampled_from([1, 2, 4, 8, 16, 32]))
def test_bytes_follow_the_widths(bits: int) -> None:
    eight = cm.predict("mobilenet_v1", traffic="compulsory")
    wide = cm.predict("mobilenet_v1", traffic="compulsory", weight_bits=bits, activation_bits=bits)
    assert 8 * wide.total.weight_bytes == bits * eight.total.weight_bytes
    assert 8 * wide.total.peak_live_bytes == bits * eight.total.peak_live_bytes
