"""Fronts: against brute force, in every form of data."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import costmodel as cm
from costmodel.tables import Column, Table


def brute(costs: np.ndarray) -> list[bool]:
    """Which rows no other row beats."""
    return [not any((other <= row).all() and (other < row).any() for other in costs) for row in costs]


def front_of(costs: np.ndarray, **options: Any) -> Any:
    names = [f"m{i}" for i in range(costs.shape[1])]
    return cm.pareto({name: costs[:, i] for i, name in enumerate(names)}, names, **options)


SHAPES = st.tuples(st.integers(0, 60), st.integers(1, 5))


@given(SHAPES.flatmap(lambda shape: arrays(np.int64, shape, elements=st.integers(0, 6))))
def test_ties_and_few_values(costs: np.ndarray) -> None:
    assert front_of(costs).mask.tolist() == brute(costs)


@given(SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(allow_nan=False, width=32))))
def test_any_floats(costs: np.ndarray) -> None:
    assert front_of(costs).mask.tolist() == brute(costs)


@given(st.integers(0, 2**32), st.integers(2, 5), st.sampled_from([2, 9, 10**6]))
@settings(max_examples=20)
def test_more_points_than_are_compared_at_once(seed: int, metrics: int, levels: int) -> None:
    """Halves that merge: on a simplex nearly all points are beaten by none."""
    points = np.random.default_rng(seed).integers(0, levels, size=(700, metrics)).astype(float)
    points[::2] /= points[::2].sum(axis=1, keepdims=True) + 1
    assert front_of(points).mask.tolist() == brute(points)


@given(arrays(np.int64, (30, 2), elements=st.integers(-5, 5)))
def test_large_may_be_good(costs: np.ndarray) -> None:
    found = cm.pareto({"small": costs[:, 0], "large": costs[:, 1]}, "small", maximise="large")
    assert found.mask.tolist() == brute(costs * [1, -1])


def test_integers_that_floats_cannot_tell_apart() -> None:
    found = cm.pareto({"a": [2**60, 2**60 + 1], "b": [1, 1]}, ["a", "b"])
    assert found.mask.tolist() == [True, False]


def test_nan_is_no_point() -> None:
    found = cm.pareto({"a": [np.nan, 1.0, 2.0], "b": [0.0, 1.0, 0.5]}, ["a", "b"])
    assert (found.mask.tolist(), found.considered) == ([False, True, True], 2)


DATA = {"alpha": [0.25, 0.5, 0.75, 1.0], "time_s": [1e-3, 2e-3, 3e-3, 4e-3], "peak_bytes": [100, 300, 200, 2_000_000]}


def test_conditions_with_units() -> None:
    found = cm.pareto(DATA, "time_s", maximise="alpha", where="peak_bytes <= 1 MiB and time_s < 3 ms")
    assert found.points["alpha"].tolist() == [0.25, 0.5]
    assert cm.pareto(DATA, "time_s", maximise="alpha", where=[False, True, False, False]).indices.tolist() == [1]
    assert len(cm.pareto(DATA, "time_s", where="time_s < 1 us")) == 0


def test_conditions_on_axes_of_a_sweep() -> None:
    data = {"hardware.ddr": [1e9, 2e9, 4e9], "time_s": [3.0, 2.0, 1.0]}
    assert cm.pareto(data, "time_s", where="hardware.ddr <= 2 GB/s").indices.tolist() == [1]


def test_the_knee() -> None:
    """Farthest from the chord between (1, 5) and (3, 1): (2, 2), one below it."""
    found = cm.pareto({"a": [1, 2, 3], "b": [5, 2, 1]}, ["a", "b"])
    assert found.knee == 1
    assert [row["knee"] for row in found.table().rows] == [False, True, False]
    assert cm.pareto({"a": []}, "a").knee is None


def test_every_form_of_data() -> None:
    pd, xr = pytest.importorskip("pandas"), pytest.importorskip("xarray")
    frame = cm.pareto(pd.DataFrame(DATA, index=list("wxyz")), ["time_s"], maximise="alpha").select()
    assert list(frame.index) == list("wxyz")
    table = Table(
        [Column("alpha", "alpha", ""), Column("time_s", "time", "s")], [{"alpha": a, "time_s": t} for a, t in ((1, 2.0), (2, 2.0))]
    )
    assert cm.pareto(table, "time_s", maximise="alpha").select().rows == ({"alpha": 2, "time_s": 2.0},)
    grid = xr.Dataset(
        {"time_s": (("alpha", "size"), [[1.0, 2.0], [3.0, 4.0]]), "macs": (("size",), [10, 20])}, {"alpha": [0.5, 1.0], "size": [128, 224]}
    )
    found = cm.pareto(grid, "time_s", maximise="macs")
    assert found.mask.tolist() == [[True, True], [False, False]]
    assert found.points["size"].tolist() == [128, 224]
    assert found.select()["alpha"].values.tolist() == [0.5, 0.5]
    assert cm.pareto(DATA, "time_s").select()["alpha"].tolist() == [0.25]


def test_arrays_broadcast() -> None:
    found = cm.pareto({"a": np.arange(3)[:, None], "b": np.arange(4)[None]}, ["a", "b"])
    assert found.mask.shape == (3, 4)
    assert np.argwhere(found.mask).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("data", "options", "error", "words"),
    [
        (DATA, {"metrics": "time"}, cm.errors.UnknownNameError, "did you mean time_s"),
        (DATA, {"metrics": ()}, cm.errors.FieldError, "at least one"),
        (DATA, {"metrics": "time_s", "where": "peak < 1"}, cm.errors.UnknownNameError, "unknown figure"),
        (DATA, {"metrics": "time_s", "where": [1, 2, 3, 4]}, cm.errors.FieldError, "array of bool"),
        (DATA, {"metrics": "time_s", "where": [True, False]}, cm.errors.FieldError, "does not fit"),
        ({"a": [1, 2], "b": [1, 2, 3]}, {"metrics": "a"}, cm.errors.FieldError, "do not broadcast"),
        ({"a": ["x"]}, {"metrics": "a"}, cm.errors.FieldError, "must hold numbers"),
        (5, {"metrics": "a"}, cm.errors.FieldError, "must be a Dataset"),
    ],
)
def test_what_is_refused(data: Any, options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cm.pareto(data, **options)


def test_conditions_over_a_sweep() -> None:
    """A verdict is the column of that name, or what it compares; a mask of named axes is laid along these, words are refused."""
    pytest.importorskip("xarray", reason="sweeps need the extra explore")
    axes = {"width_multiplier": [0.5, 1], "hardware.sram": ["256 KiB", "2 MiB"], "hardware.ddr": [1e9, 2e9]}
    data = cm.sweep("mobilenet_v1", "pardhi", axes, ["fits_sram", "peak_live_bytes", "time_serial_s", "bound_by"])
    fits = (data.peak_live_bytes <= data["hardware.sram"]).transpose("width_multiplier", "hardware.sram")
    assert fits.values.tolist() == [[False, True], [False, True]]
    asked = [
        cm.pareto(some, "time_serial_s", where=where).select()
        for some, where in (
            (data, "fits_sram"), (data.drop_vars("fits_sram"), "fits_sram"), (data, data.fits_sram), (data, fits.transpose()),
            (data, "peak_live_bytes <= hardware.sram"), (data, "fits_sram and time_serial_s < 1 s"),
        )
    ]  # fmt: skip
    for found in asked:
        assert found["hardware.sram"].values.tolist() == [2 * 2**20]
        assert found.time_serial_s.values.tolist() == [data.time_serial_s.where(fits).min().item()]
    bound = cm.pareto(data, "time_serial_s", where=data.bound_by == "ddr").select()
    assert set(bound.bound_by.values.tolist()) == {"ddr"}
    with pytest.raises(
        cm.errors.FieldError, match=r"`bound_by` holds no numbers to compare.*array of bool, e.g. data.'bound_by'. == 'ddr'"
    ):
        cm.pareto(data, "time_serial_s", where="bound_by <= 3")
    with pytest.raises(cm.errors.FieldError, match="`where` lies along 'x'"):
        cm.pareto(data, "time_serial_s", where=(data.fits_sram).rename({"hardware.sram": "x"}))
    with pytest.raises(cm.errors.UnknownNameError, match=r"unknown figure 'hardware.sram_bytes'"):
        cm.pareto(data.isel({"hardware.sram": 0}, drop=True).drop_vars("fits_sram"), "time_serial_s", where="fits_sram")
