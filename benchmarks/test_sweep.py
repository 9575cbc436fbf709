"""How fast sweeps are beside one product of two arrays of the result's size: read the ratios of the medians of a group.

`python benchmarks/test_sweep.py [POINTS]` streams a grid of 10^9 points (or so many) to Zarr and prints the peak of memory.
"""

import math
import resource
import sys
import tempfile
import time

import numpy as np
import pytest

import costmodel as cm
from costmodel.whatif.sweep.structure import built, closed_form

SIZES = [128, 160, 192, 224]
GRIDS = {
    "16 networks": ([0.25, 0.5, 0.75, 1], SIZES, 791, 791),
    "100 networks": (np.linspace(0.1, 1, 10), range(32, 352, 32), 316, 317),
    "3136 networks": (np.linspace(0.25, 1, 56), range(128, 184), 56, 57),
}
"""Each of 10^7 points: width, resolution, bandwidths, MAC rates."""


def axes(widths, sizes, bandwidths, rates):
    return {
        "width_multiplier": widths, "resolution": sizes,
        "hardware.ddr": np.geomspace(5e8, 16e9, bandwidths), "hardware.macs": np.geomspace(1e9, 1e12, rates),
    }  # fmt: skip


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("asked", ["first", "again"])
@pytest.mark.parametrize("metric", ["time_serial_s", "time_overlapped_s", "numpy.multiply"])
def test_sweep(benchmark, grid, metric, asked) -> None:
    """At most 6 products for the serial time and 40 for the overlapped one; asked first, networks are built or a form is derived."""
    benchmark.group = f"a sweep of 10^7 points, {grid}"
    over = axes(*GRIDS[grid])
    points = math.prod(map(len, over.values()))
    if metric == "numpy.multiply":
        a, b = np.random.default_rng(0).random((2, points))
        benchmark.pedantic(np.multiply, (a, b), rounds=7, warmup_rounds=1)
    else:
        question = ("mobilenet_v1", "pardhi", over, metric)
        cm.sweep(*question)

        def forget():
            if asked == "first":
                built.cache_clear()
                closed_form.cache_clear()
            return question, {}

        found = benchmark.pedantic(cm.sweep, setup=forget, rounds=5)
        assert found[metric].size == points


def stream(points: int) -> None:
    """A grid of so many points, in chunks, to Zarr."""
    over = axes(np.linspace(0.1, 1, 10), range(32, 352, 32), math.isqrt(points // 100), math.isqrt(points // 100))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        found = cm.sweep("mobilenet_v1", "pardhi", over, "time_serial_s", store=f"{folder}/sweep.zarr")
        seconds = time.perf_counter() - begun
        some = found.time_serial_s.isel({"hardware.ddr": 17, "hardware.macs": 19}).values
        assert np.isfinite(some).all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{found.time_serial_s.size:.3g} points in {seconds:.0f} s, {found.time_serial_s.size / seconds:.3g} a second, peak {peak:.2f} GiB"
    )


if __name__ == "__main__":
    stream(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**9)
