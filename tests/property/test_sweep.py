"""A sweep says at every point what a prediction of that point says: to the last integer, and to 1e-12 of a time."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costmodel as cm
from costmodel.whatif.sweep import overlapped, plan

pytest.importorskip("xarray", reason="sweeps need the extra explore")

METRICS = ("macs", "macs_effective", "other_ops", "flops", "weights", "all", "folded", "norm_statistics", "coverage", "weight_bytes", "peak_live_bytes",
           "sram_bytes_moved", "fits_sram", "ddr_bytes", "ddr_bytes_bound", "ddr_time_s", "mac_time_s", "other_time_s", "overhead_time_s", "time_serial_s",
           "time_overlapped_s", "time_best_s", "inferences_per_s", "inferences_per_s_overlapped", "peak_fraction", "bound_by",
           "energy_j")  # fmt: skip

rates = st.floats(1e6, 1e13, allow_nan=False)
BUILDER = {
    "width_multiplier": st.one_of(st.sampled_from([0.25, 0.5, 0.75, 1, 1.4]), st.floats(0.2, 1.5)),
    "resolution": st.integers(32, 256),
    "classes": st.integers(1, 2000),
    "batch": st.integers(1, 4),
    "variant": st.sampled_from(["separable", "full", "shallow"]),
}
OPTIONS = {
    "traffic": st.sampled_from(["resident", "compulsory", "weights"]),
    "weight_bits": st.integers(1, 32),
    "activation_bits": st.sampled_from([4, 8, 16, 32]),
    "parameters": st.sampled_from(["weights", "trainable", "all", "folded"]),
    "fuse_epilogues": st.booleans(),
    "weight_prefetch": st.booleans(),
}
MACHINE = {
    "hardware.sram": st.integers(1_000, 8_000_000),
    "hardware.ddr": rates,
    "hardware.mac_flops_per_s": rates,
    "hardware.other": rates,
    "hardware.mac_energy": st.floats(1e-14, 1e-10),
    "hardware.overhead": st.one_of(st.just(0), st.floats(1e-9, 1e-3)),
    "hardware.burst": st.integers(1, 256),
    "hardware.utilisation.depthwise": st.floats(0.01, 1),
    "hardware.skips_zeros": st.sampled_from(["none", "weights", "both"]),
}
R = cm.rewrites
REWRITES = {
    "rewrite": st.sampled_from(
        [
            None, R.FoldNorm(), R.Prune(0.3, inputs=0.7), R.Prune(0.11, sparse_format="bitmap", where="block*"), R.Width(0.5, rounding=8),
            (R.Width(0.5), R.Prune(0.3, sparse_format="bitmap"), R.Bits(weights=4, scales="channel"), R.DepthwiseSeparable()),
        ]
    )
}  # fmt: skip
FIELDS = {
    "rewrite.bits.weights": st.one_of(st.integers(1, 32), st.sampled_from(["fp16", "bf16"])),
    "rewrite.bits.activations": st.sampled_from([4, 8, 16]),
    "rewrite.prune.density": st.floats(0.01, 1),
    "rewrite.resolution.height": st.sampled_from([96, 128, 224]),
}
"""Fields of rewrites: those of one rewrite go together."""
CLASSES = {"bits": R.Bits, "prune": R.Prune, "resolution": R.Resolution}


@st.composite
def grids(draw: st.DrawFn, kinds: dict[str, st.SearchStrategy[Any]], most: int, least_axes: int = 1, least: int = 1) -> dict[str, Any]:
    """A few axes in any order, each with a few points."""
    names = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=least_axes, max_size=4, unique=True))
    return {name: draw(st.lists(kinds[name], min_size=least, max_size=most, unique_by=str)) for name in names}


def made(at: dict[str, Any]) -> list[Any]:
    """The rewrites of a point, in the order of its axes."""
    found: list[Any] = []
    fields: dict[str, dict[str, Any]] = {}
    for name, value in at.items():
        if name == "rewrite":
            found += [] if value is None else value if isinstance(value, tuple) else [value]
        elif name in FIELDS:
            _, word, field = name.split(".")
            if word not in fields:
                found.append(word)
            fields.setdefault(word, {})[field] = value
    return [CLASSES[one](**fields[one]) if isinstance(one, str) else one for one in found]


def predicted(at: dict[str, Any]) -> Any:
    """The totals at one point, built and predicted by themselves."""
    arguments = {name: value for name, value in at.items() if name in BUILDER}
    options = {name: value for name, value in at.items() if name in OPTIONS}
    machine = cm.Hardware.load("pardhi").replace(**{name.removeprefix("hardware."): value for name, value in at.items() if name in MACHINE})
    network = cm.zoo.mobilenet_v1(**arguments).rewrite(*made(at))
    return cm.predict(network, machine, **options).total


def agree(axes: dict[str, Any], data: st.DataObject, samples: int, metrics: tuple[str, ...] = METRICS) -> None:
    """Sweep, and predict at some of the points."""
    found = cm.sweep("mobilenet_v1", "pardhi", axes, metrics)
    for _ in range(samples):
        index = {name: data.draw(st.integers(0, len(points) - 1)) for name, points in axes.items()}
        total = predicted({name: points[index[name]] for name, points in axes.items()})
        for metric in metrics:
            array = found[metric]
            value = array.isel({name: index[name] for name in array.dims}).item()
            expected = total.parameters[metric] if metric in total.parameters else getattr(total, metric)
            if expected is None:
                assert math.isnan(value)
            elif isinstance(expected, int | str):
                assert value == expected, metric
            else:
                assert value == pytest.approx(expected, rel=1e-12), metric


@settings(max_examples=100, deadline=None)
@given(axes=grids(BUILDER | OPTIONS | MACHINE | REWRITES | FIELDS, most=2), data=st.data())
def test_every_kind_of_axis(axes: dict[str, Any], data: st.DataObject) -> None:
    """10 points of each of 100 grids: 1,000."""
    agree(axes, data, 10)


@pytest.mark.parametrize("sorting", [1, 10**9], ids=["sorted", "by layer"])
@settings(max_examples=20, deadline=None)
@given(axes=grids({k: v for k, v in MACHINE.items() if k != "hardware.mac_energy"}, most=12, least_axes=2), data=st.data())
def test_overlapped_times(sorting: int, axes: dict[str, Any], data: st.DataObject) -> None:
    """Sorted prefix sums and going from layer to layer say the same, as a prediction does; rates stand in any order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlapped, "WORTH_SORTING", sorting)
        patch.setattr(overlapped, "CACHED", 7)
        agree(axes, data, 5, ("time_overlapped_s",))


@settings(max_examples=12, deadline=None)
@given(
    alpha=st.lists(BUILDER["width_multiplier"], min_size=8, max_size=9, unique=True),
    resolution=st.lists(BUILDER["resolution"], min_size=8, max_size=9, unique=True),
    rest=grids({k: v for k, v in (OPTIONS | MACHINE | REWRITES).items() if k != "activation_bits"}, most=2, least_axes=0),
    data=st.data(),
)
def test_closed_forms(alpha: list[float], resolution: list[int], rest: dict[str, Any], data: st.DataObject) -> None:
    """Many networks: their numbers are symbols, evaluated on arrays."""
    axes = {"resolution": resolution, "width_multiplier": alpha, **rest}
    agree(axes, data, 5)


def test_closed_forms_are_used() -> None:
    """One network is built for every point of an axis, not one for every point of the grid: 9 + 8 and 4 more against 72."""
    built = []

    def build(width: float, size: int) -> cm.Network:
        built.append((width, size))
        return cm.zoo.mobilenet_v1(width, size)

    found = cm.sweep(build, "pardhi", {"width": [0.1 * i for i in range(3, 12)], "size": list(range(64, 192, 16))}, ["macs"])
    assert found.macs.shape == (9, 8)
    assert len(built) < 30
    assert found.macs.sel(size=128).isel(width=2).item() == cm.zoo.mobilenet_v1(0.5, 128).macs


def test_a_builder_that_a_formula_cannot_follow_is_built_at_every_point() -> None:
    """It adds a layer at one size, which no symbol equals."""

    def build(width: int, depth: int) -> cm.Network:
        x = cm.Input((1, 3, 32, 32))
        for number in range(depth):
            x = cm.layers.Conv2d(64 if width == 5 else 8 * width, 3, padding="same")(x, name=f"conv{number}")
        return cm.Network.of(x, "stack")

    def fork(width: int, size: int) -> cm.Network:
        x = cm.layers.Conv2d(64 if width == 5 else 8 * width, 3, padding="same")(cm.Input((1, 3, size, size)), name="conv")
        return cm.Network.of(x, "fork")

    deep = cm.sweep(build, "pardhi", {"width": list(range(1, 10)), "depth": list(range(1, 9))}, ["macs"])
    forked = cm.sweep(fork, "pardhi", {"width": list(range(1, 10)), "size": list(range(8, 16))}, ["macs"])
    for width in (1, 5, 9):
        channels = 64 if width == 5 else 8 * width
        assert deep.macs.sel(width=width, depth=3).item() == 32 * 32 * 9 * (3 * channels + 2 * channels**2)
        assert forked.macs.sel(width=width, size=9).item() == 9 * 9 * 9 * 3 * channels


@settings(max_examples=15, deadline=None)
@given(axes=grids(BUILDER | OPTIONS | MACHINE, most=4, least_axes=2), chunk=st.integers(1, 3))
def test_chunks_change_no_bit(axes: dict[str, Any], chunk: int) -> None:
    pytest.importorskip("dask", reason="chunks need the extra explore")
    import xarray

    metrics = ("macs", "ddr_bytes", "time_serial_s", "time_overlapped_s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BUILT", 2)
        patch.setattr(overlapped, "WORTH_SORTING", 3)
        at_once = cm.sweep("mobilenet_v1", "pardhi", axes, metrics)
        lazily = cm.sweep("mobilenet_v1", "pardhi", axes, metrics, chunks=chunk).compute(scheduler="synchronous")
    xarray.testing.assert_identical(at_once, lazily)
