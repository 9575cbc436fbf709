"""`cm.sweep`: axes, errors, chunks, stores, interruption, and the shell."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.errors import CostModelError, FieldError, QuantityError, SymbolicError, UnknownNameError
from costmodel.whatif.sweep import plan as plans
from costmodel.whatif.sweep.points import points_of

xarray = pytest.importorskip("xarray", reason="sweeps need the extra explore")
pytest.importorskip("dask", reason="sweeps need the extra explore")
pytest.importorskip("zarr", reason="sweeps need the extra explore")

PARDHI = cm.Hardware.load("pardhi")


def test_each_metric_stands_on_the_axes_that_it_depends_on() -> None:
    axes = {"resolution": [128, 224], "weight_bits": [4, 8], "hardware.sram": ["64 KiB", "1 MiB"], "hardware.ddr": ["1 GB/s", "2 GB/s"]}
    found = cm.sweep("mobilenet_v1", "pardhi", axes, ["macs", "weight_bytes", "ddr_bytes", "mac_time_s", "time_serial_s"])
    assert {str(name): array.dims for name, array in found.items()} == {
        "macs": ("resolution",),
        "weight_bytes": ("resolution", "weight_bits"),
        "ddr_bytes": ("resolution", "weight_bits", "hardware.sram"),
        "mac_time_s": ("resolution",),
        "time_serial_s": ("resolution", "weight_bits", "hardware.sram", "hardware.ddr"),
    }
    assert found.macs.dtype == found.ddr_bytes.dtype == "int64"
    assert (found.ddr_bytes.attrs["units"], found["hardware.ddr"].attrs["units"], found.weight_bits.attrs["units"]) == ("B", "B/s", "bit")
    assert found["hardware.sram"].values.tolist() == [65536, 1048576]
    # 4,209,088 weights at 4 and 8 bits: the parameters of Table 1 but for norms and the bias of the classifier
    assert found.weight_bytes.sel(resolution=224).values.tolist() == [2104544, 4209088]


def test_assumptions_stand_in_attrs_but_for_what_is_an_axis() -> None:
    attrs = cm.sweep("mobilenet_v1", "pardhi", {"traffic": ["resident", "weights"], "hardware.ddr": [1e9]}, activation_bits=16).attrs
    assert (attrs["network"], attrs["hardware"], attrs["activation_bits"]) == ("mobilenet_v1", "pardhi", 16)
    assert attrs["hardware.sram_bytes"] == 2**20
    assert not {"traffic", "hardware.ddr_bytes_per_s"} & attrs.keys()


@pytest.mark.parametrize("traffic", ["tiled", "fused", "residency"])
def test_policies_that_search(traffic: str) -> None:
    """They plan at every capacity; rates stay arrays."""
    axes = {"hardware.sram": [100_000, 400_000], "hardware.ddr": [1e8, 4e8, 1e9], "weight_bits": [4, 8]}
    found = cm.sweep("mobilenet_cifar", "pardhi", axes, ["ddr_bytes", "time_serial_s", "time_overlapped_s"], traffic=traffic)
    for sram in axes["hardware.sram"]:
        for ddr in axes["hardware.ddr"]:
            for bits in axes["weight_bits"]:
                machine = PARDHI.replace(sram=sram, ddr=ddr)
                total = cm.predict("mobilenet_cifar", machine, traffic=traffic, weight_bits=int(bits)).total
                at = {"hardware.sram": sram, "weight_bits": bits}
                assert found.ddr_bytes.sel(at).item() == total.ddr_bytes
                at["hardware.ddr"] = ddr
                assert found.time_serial_s.sel(at).item() == pytest.approx(total.time_serial_s, rel=1e-12)
                assert found.time_overlapped_s.sel(at).item() == pytest.approx(total.time_overlapped_s, rel=1e-12)


def test_options_of_a_policy_are_axes_too() -> None:
    found = cm.sweep("mobilenet_cifar", "pardhi", {"round_trip": [False, True]}, ["ddr_bytes"], traffic="weights")
    assert found.ddr_bytes.values.tolist() == [3109952, 6219904]  # Pardhi, section 5, and half of it


def test_open_sizes_of_a_network_are_axes() -> None:
    net = cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32))
    found = cm.sweep(net, "pardhi", {"R": [128, 160, 192, 224]}, ["macs", "peak_live_bytes", "time_overlapped_s"])
    for size in (128, 160, 192, 224):
        total = cm.predict(cm.zoo.mobilenet_v1(resolution=size)).total
        assert found.sel(R=size).macs.item() == total.macs
        assert found.sel(R=size).peak_live_bytes.item() == total.peak_live_bytes
        assert found.sel(R=size).time_overlapped_s.item() == pytest.approx(total.time_overlapped_s, rel=1e-12)
    with pytest.raises(FieldError, match="leaves the size R open; make it an axis"):
        cm.sweep(net, "pardhi", {"hardware.ddr": [1e9]})
    tiled = cm.sweep(
        net, "pardhi", {"R": [128, 160], "hardware.ddr": [1e9, 1e10]}, ["ddr_bytes", "time_best_s", "bound_by"], traffic="tiled"
    )
    for size in (128, 160):
        for rate in (1e9, 1e10):
            total = cm.predict(cm.zoo.mobilenet_v1(resolution=size), cm.Hardware.load("pardhi").replace(ddr=rate), traffic="tiled").total
            at = tiled.sel({"R": size, "hardware.ddr": rate})
            assert at.ddr_bytes.item() == total.ddr_bytes
            assert at.time_best_s.item() == pytest.approx(total.time_best_s, rel=1e-12)
            assert at.bound_by.item() == total.bound_by


def test_a_point_that_a_network_cannot_have_is_named() -> None:
    """A map of h rows halved, enlarged and added to itself: h must be even."""
    height = cm.symbols("H", integer=True)
    x = cm.layers.ReLU()(cm.Input((1, 8, height, 8)))
    half = cm.layers.Conv2d(8, 2, stride=2, padding=0)(x)
    net = cm.Network.of(cm.layers.Add()(x, cm.layers.ConvTranspose2d(8, 2, stride=2, padding=0)(half)), "even")
    assert cm.sweep(net, "pardhi", {"H": [4, 6]}, "macs").macs.values.tolist() == [2 * (h // 2 * 4) * 8 * (8 * 2 * 2) for h in (4, 6)]
    with pytest.raises(CostModelError, match=r"don't broadcast.* at H=5$"):
        cm.sweep(net, "pardhi", {"H": [4, 5, 6]}, "macs")


def test_what_binds_is_a_word() -> None:
    """On a bus of 1 GB/s the bytes of MobileNet take longer than its MACs, on one of 1 TB/s and 10 GFLOPS they do not."""
    axes = {"hardware.ddr": [1e9, 1e12], "hardware.macs": [1e10, 1e12]}
    found = cm.sweep("mobilenet_v1", "pardhi", axes, ["bound_by", "time_best_s", "time_overlapped_s"])
    assert found.bound_by.dtype == "<U8"
    assert found.bound_by.values.tolist() == [["macs", "ddr"], ["macs", "other"]]
    assert (found.time_best_s == found.time_overlapped_s).all()
    assert found.to_dataframe().loc[(1e12, 1e10), "bound_by"] == "macs"
    flash = cm.sweep("mobilenet_v1", "stm32h743", {"hardware.macs": [1e12]}, "bound_by")
    assert flash.bound_by.values.tolist() == [cm.predict("mobilenet_v1", cm.Hardware.load("stm32h743").replace(macs=1e12)).total.bound_by]


def test_words_in_chunks_and_in_stores(tmp_path: Path) -> None:
    pytest.importorskip("zarr", reason="stores need the extra explore")
    asked = ("mobilenet_v1", "pardhi", {"hardware.ddr": [1e9, 1e10, 1e12], "hardware.macs": [1e10, 1e12]}, ["bound_by", "time_best_s"])
    whole = cm.sweep(*asked)
    assert cm.sweep(*asked, chunks=2).compute().identical(whole)
    stored = cm.sweep(*asked, chunks=2, store=tmp_path / "words.zarr").compute()
    assert stored.bound_by.values.tolist() == whole.bound_by.values.tolist()
    assert cm.pareto(whole, ["time_best_s"]).points["bound_by"].tolist() == ["other"]


def test_rewrites_are_points_by_object_and_by_name() -> None:
    found = cm.sweep("mobilenet_v1", "pardhi", {"rewrite": [None, cm.rewrites.FoldNorm()]}, "all")
    assert found["all"].values.tolist() == [4253864, 4221032]  # three a channel less, of 10,944 channels
    assert found["rewrite"].values.tolist() == ["none", "FoldNorm()"]
    assert cm.sweep("mobilenet_v1", "pardhi", {"rewrite": "none, fold_norm"}, "all").identical(found)


def test_fields_of_a_rewrite_are_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rewrite with two fields: each axis gives one, the other keeps its default."""

    class Thinner(cm.rewrites.Rewrite):
        words = "fewer outputs"
        outputs: Any = 10
        bias: Any = True

        def apply(self, network: cm.Network) -> cm.Network:
            return cm.zoo.mobilenet_v1(classes=self.outputs * (2 if self.bias else 1))

    monkeypatch.setattr(cm.rewrites, "Thinner", Thinner, raising=False)
    monkeypatch.setattr(cm.rewrites, "__all__", [*cm.rewrites.__all__, "Thinner"])
    one = cm.sweep(cm.zoo.mobilenet_v1(), "pardhi", {"rewrite.thinner.outputs": [10, 20]}, "biases")
    assert one.biases.values.tolist() == [20, 40]
    both = cm.sweep(cm.zoo.mobilenet_v1(), "pardhi", {"rewrite.thinner.outputs": [10, 20], "rewrite.thinner.bias": [False, True]}, "biases")
    assert both.biases.values.tolist() == [[10, 20], [20, 40]]
    with pytest.raises(UnknownNameError, match="unknown field of rewrite 'thinner' 'output'; did you mean outputs"):
        cm.sweep(cm.zoo.mobilenet_v1(), "pardhi", {"rewrite.thinner.output": [10]})


@pytest.mark.parametrize(
    ("axes", "error", "words"),
    [
        ({"hardware.dr": [1]}, UnknownNameError, "unknown axis 'hardware.dr'; did you mean hardware.ddr"),
        ({"width": [1]}, UnknownNameError, "unknown axis 'width'; did you mean width_multiplier"),
        ({"rewrite.fold.x": [1]}, UnknownNameError, "unknown rewrite 'fold'; did you mean fold_norm"),
        ({}, FieldError, "must map names to points"),
        ({"resolution": []}, FieldError, "axis 'resolution' has no points"),
        ({"resolution": 224}, FieldError, r"axis 'resolution' \(=224\) must be a list of points"),
        ({"resolution": [128, 128]}, FieldError, "axis 'resolution' has the point 128 twice"),
        ({"hardware.ddr": ["1 GB/s", 1e9]}, FieldError, "has the point 1000000000 twice"),
        ({"hardware.ddr": ["1 MiB"]}, QuantityError, "axis 'hardware.ddr': '1 MiB' has the unit 'MiB'"),
        ({"hardware.ddr": ["1"]}, QuantityError, "has no unit"),
        ({"hardware.ddr": [0]}, QuantityError, "must be finite and positive"),
        ({"hardware.ddr": "1 GB/s:2 GB/s"}, FieldError, "is no range; write points with commas"),
        ({"hardware.ddr": "1 GB/s:2 GB/s:log1"}, FieldError, "at least 2 points"),
        ({"hardware.ddr": [1], "hardware.ddr_bytes_per_s": [2]}, FieldError, "are the same"),
        ({"traffic": ["resident"]}, FieldError, "given as an option too"),
        ({"resolution": [224, -5]}, cm.CostModelError, "at resolution=-5"),
        ({"rewrite": [3]}, FieldError, "must be a rewrite such as"),
        ({"resolution": [object()]}, FieldError, "must be a number, a text"),
    ],
)
def test_bad_axes(axes: dict[str, Any], error: type[Exception], words: str) -> None:
    options = {"traffic": "tiled"} if "traffic" in axes else {}
    with pytest.raises(error, match=words):
        cm.sweep("mobilenet_v1", "pardhi", axes, "macs", **options)


def test_bad_arguments() -> None:
    axis = {"hardware.ddr": [1e9, 2e9]}
    with pytest.raises(UnknownNameError, match="unknown metric 'time_serial'; did you mean time_serial_s"):
        cm.sweep("mobilenet_v1", "pardhi", axis, "time_serial")
    with pytest.raises(FieldError, match="none of them twice"):
        cm.sweep("mobilenet_v1", "pardhi", axis, ["macs", "macs"])
    with pytest.raises(FieldError, match="needs a machine with `flash_bytes`"):
        cm.sweep("mobilenet_v1", "pardhi", axis, "fits_flash")
    with pytest.raises(FieldError, match="must be a Network, its builder"):
        cm.sweep(3, "pardhi", axis)  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="must hold plain numbers"):
        cm.sweep("mobilenet_v1", PARDHI.replace(ddr=cm.symbols("beta")), {"resolution": [224]})
    with pytest.raises(SymbolicError, match="`macs` is no number"):
        cm.sweep(lambda size: cm.zoo.mobilenet_v1(resolution=cm.symbols("R")), "pardhi", {"size": [1]}, "macs")
    with pytest.raises(FieldError, match="the builder must return a Network, got int"):
        cm.sweep(lambda size: size, "pardhi", {"size": [1]}, "macs")  # type: ignore[arg-type, return-value]
    with pytest.raises(FieldError, match='must be "auto", a number of points'):
        cm.sweep("mobilenet_v1", "pardhi", axis, chunks=0)
    with pytest.raises(UnknownNameError, match="axis of `chunks`"):
        cm.sweep("mobilenet_v1", "pardhi", axis, chunks={"ddr": 1})


def test_what_does_not_fit_in_memory_is_refused_and_says_how_to_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    from costmodel.whatif.sweep import room

    monkeypatch.setattr(room, "free_bytes", lambda: 2 * 8 * 10_000)
    axes = {"hardware.ddr": "1 GB/s:2 GB/s:101", "hardware.macs": "1 GMAC/s:2 GMAC/s:100"}
    with pytest.raises(FieldError, match=r'101 hardware.ddr x 100 hardware.macs takes 78.91 KiB .* chunks="auto".* store="sweep.zarr"'):
        cm.sweep("mobilenet_v1", "pardhi", axes, "time_serial_s")
    assert cm.sweep("mobilenet_v1", "pardhi", axes, "time_serial_s", chunks="auto").time_serial_s.shape == (101, 100)


def test_on_a_machine_whose_weights_stream_from_flash() -> None:
    machine = cm.Hardware.load("stm32h743")
    assert machine.weights_in_flash
    axes = {"hardware.flash_rate": [50e6, 100e6], "hardware.flash": ["1 MiB", "2 MiB"]}
    found = cm.sweep("mobilenet_cifar", machine, axes, ["ddr_bytes", "flash_bytes_moved", "fits_flash", "ddr_time_s", "energy_j"])
    total = cm.predict("mobilenet_cifar", machine.replace(flash_rate=50e6, flash="1 MiB")).total
    assert found.ddr_bytes.item() == 0
    assert found.flash_bytes_moved.item() == total.flash_bytes_moved
    assert found.fits_flash.values.tolist() == [
        total.fits_flash,
        cm.predict("mobilenet_cifar", machine.replace(flash="2 MiB")).total.fits_flash,
    ]
    assert found.ddr_time_s.values[0] == pytest.approx(total.ddr_time_s, rel=1e-12)
    assert math.isnan(found.energy_j.item())


AXES: dict[str, Any] = {"resolution": [64, 96, 128], "hardware.ddr": "1 GB/s:2 GB/s:7", "variant": ["separable", "full"]}
METRICS = ["macs", "fits_sram", "time_serial_s", "time_overlapped_s"]


def test_ctrl_c_keeps_what_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []

    def build(resolution: int) -> cm.Network:
        built.append(resolution)
        if len(built) == 6:
            raise KeyboardInterrupt
        return cm.zoo.mobilenet_v1(resolution=resolution)

    monkeypatch.setattr(plans, "BUILT", 2)
    found = cm.sweep(build, "pardhi", {"resolution": [64, 96, 128, 160, 192, 224], "hardware.ddr": [1e9, 2e9]}, ["macs", "time_serial_s"])
    assert found.attrs["note"] == "interrupted: 2 of 3 parts are finished, the others are NaN"
    assert found.macs.values[:4].tolist() == [cm.zoo.mobilenet_v1(resolution=size).macs for size in (64, 96, 128, 160)]
    assert found.macs.isnull().values.tolist() == [False] * 4 + [True] * 2
    assert found.time_serial_s.isnull().values.tolist() == [[False] * 2] * 4 + [[True] * 2] * 2


def test_ctrl_c_before_anything_is_finished() -> None:
    def build(resolution: int) -> cm.Network:
        if resolution == 96:
            raise KeyboardInterrupt
        return cm.zoo.mobilenet_v1(resolution=resolution)

    found = cm.sweep(build, "pardhi", {"resolution": [64, 96]}, ["macs"])
    assert found.attrs["note"].startswith("interrupted: 0 of 1 parts")
    assert found.macs.isnull().all()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("screen", [io.StringIO, Terminal])
def test_progress_is_shown_on_a_terminal_alone(screen: type[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    from costmodel.whatif.sweep import bar

    shown = screen()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(bar, "PATIENCE_S", 0)
    cm.sweep("mobilenet_cifar", "pardhi", {"width_multiplier": [0.25, 0.5, 0.75, 1, 1.25]}, "time_serial_s", traffic="tiled")
    assert ("sweep" in shown.getvalue()) is (screen is Terminal)


def test_a_store_holds_every_bit_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from costmodel.whatif.sweep import store

    place = tmp_path / "sweep.zarr"
    whole = cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS)
    written: list[tuple[int, ...]] = []
    write = store.write

    def interrupted(index: tuple[int, ...], grid: Any, place: Any) -> None:
        if len(written) == 5:
            raise KeyboardInterrupt
        write(index, grid, place)
        written.append(index)

    monkeypatch.setattr(store, "write", interrupted)
    partly = cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS, chunks=2, store=place).load()
    assert partly.attrs["note"] == "interrupted: 5 of 8 parts are finished, the others are NaN; the same call goes on"
    known = partly.time_overlapped_s.notnull()
    assert 0 < known.sum() < known.size
    assert (partly.time_overlapped_s == whole.time_overlapped_s).where(known, True).all()
    monkeypatch.setattr(store, "write", lambda *chunk: (written.append(chunk[0]), write(*chunk)))
    stored = cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS, chunks=2, store=str(place)).load()
    assert len(written) == len(set(written)) == 8
    xarray.testing.assert_identical(stored, whole)
    xarray.testing.assert_identical(cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS, chunks=2, store=place).load(), whole)
    assert len(written) == 8
    opened = xarray.open_zarr(place)
    assert opened.time_serial_s.equals(whole.time_serial_s)
    with pytest.raises(FieldError, match="holds another sweep: it differs in network, axes"):
        cm.sweep("mobilenet_v1", "pardhi", AXES | {"resolution": [64, 96, 127]}, METRICS, chunks=2, store=place)


def test_a_store_that_is_something_else_stays(tmp_path: Path) -> None:
    whole = cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS)
    whole.to_zarr(tmp_path / "other.zarr", zarr_format=2)
    with pytest.raises(FieldError, match="holds something else; name a folder that does not exist yet"):
        cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS, store=tmp_path / "other.zarr")


def test_lazy_results_can_be_stored_by_xarray(tmp_path: Path) -> None:
    lazy = cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS, chunks={"resolution": 1, "variant": -1, "hardware.ddr": 4})
    assert lazy.time_serial_s.chunks == ((1, 1, 1), (4, 3), (2,))
    lazy.to_zarr(tmp_path / "lazy.zarr", zarr_format=2)
    opened = xarray.open_zarr(tmp_path / "lazy.zarr").load()
    assert opened.time_overlapped_s.equals(cm.sweep("mobilenet_v1", "pardhi", AXES, METRICS).time_overlapped_s)


def test_points_of_a_text() -> None:
    assert points_of("a", "0.25, 0.5,1") == [0.25, 0.5, 1]
    assert points_of("a", "separable,full,true,none") == ["separable", "full", True, None]
    assert points_of("a", "0:1:5") == [0, 0.25, 0.5, 0.75, 1]
    assert points_of("a", "32:100:step32") == [32, 64, 96]
    assert points_of("a", "1:1000:log4") == [1, 10, 100, 1000]


def test_a_sweep_over_machines_loads_no_sympy() -> None:
    asked = "cm.sweep('mobilenet_v1', 'pardhi', {'hardware.ddr': [1e9, 2e9]}, 'time_serial_s')"
    code = f"import sys, costmodel as cm; {asked}; print('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


def shell(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "costmodel", "sweep", *words], capture_output=True, text=True)


def test_the_shell(tmp_path: Path) -> None:
    out = tmp_path / "points.json"
    ran = shell("mobilenet_v1", "--classes", "10", "--axis", "width_multiplier=0.25,0.5,0.75,1", "--axis", "hardware.ddr=0.5GB/s:16GB/s:log6",
                "--metric", "time_serial_s", "--metric", "macs", "--format", "json", "--output", str(out))  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    rows = json.loads(out.read_text())
    assert len(rows) == 24
    assert [row["hardware.ddr"] for row in rows[:6]] == pytest.approx([0.5e9, 1e9, 2e9, 4e9, 8e9, 16e9], rel=1e-12)
    total = cm.predict(cm.zoo.mobilenet_v1(1, classes=10), PARDHI.replace(ddr=16e9)).total
    assert (rows[-1]["width_multiplier"], rows[-1]["macs"]) == (1, total.macs)
    assert rows[-1]["time_serial_s"] == pytest.approx(total.time_serial_s, rel=1e-12)


def test_the_shell_streams_to_disk(tmp_path: Path) -> None:
    ran = shell("mobilenet_cifar", "--axis", "hardware.ddr=1GB/s:2GB/s:10", "--store", str(tmp_path / "s.zarr"), "--chunks", "4")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert xarray.open_zarr(tmp_path / "s.zarr").time_serial_s.shape == (10,)


def test_the_shell_refuses() -> None:
    many = shell("mobilenet_v1", "--axis", "hardware.ddr=1GB/s:2GB/s:3000", "--axis", "hardware.macs=1GMAC/s:2GMAC/s:3000")
    assert many.returncode == 2
    assert "9,000,000 rows" in many.stderr
    assert "--store sweep.zarr" in many.stderr
    assert "needs an axis" in shell("mobilenet_v1").stderr
    assert "did you mean width_multiplier" in shell("mobilenet_v1", "--axis", "width=1").stderr
    both = shell("mobilenet_v1", "--resolution", "96", "--axis", "resolution=96,128")
    assert "an axis and as an option" in both.stderr
    assert "Traceback" not in many.stderr + both.stderr
