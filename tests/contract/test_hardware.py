"""Machines: units at the boundary, catalog files with sources, bad figures refused by name."""

from pathlib import Path

import numpy as np
import pytest

import costmodel as cm
from costmodel import quantities
from costmodel.hardware.document import catalog

GOOD = [
    ("1 MiB", "bytes", 2**20), ("1 MB", "bytes", 10**6), ("1 KiB", "bytes", 1024), ("1 kB", "bytes", 1000), ("512 B", "bytes", 512),
    ("1.5 GiB", "bytes", 1_610_612_736), ("1e6 B", "bytes", 10**6), ("0.5GB/s", "bytes_per_s", 5 * 10**8),
    ("1 MiB/s", "bytes_per_s", 2**20), ("1 TFLOPS", "mac_flops_per_s", 10**12), ("500 GMAC/s", "mac_flops_per_s", 10**12),
    ("500 MAC/s", "mac_flops_per_s", 1000), ("10 GFLOPS", "other_ops_per_s", 10**10), ("10 GOP/s", "other_ops_per_s", 10**10),
    ("5 ms", "s", 0.005), ("640 pJ", "j", 6.4e-10), ("80 MHz", "hz", 8 * 10**7),
]  # fmt: skip

BAD = [
    ("1 MB/s junk", "bytes_per_s", "unit 'MB/s junk'"), ("1 Mb/s", "bytes_per_s", "in bits"), ("8 Mbit", "bytes", "in bits"),
    ("1 Gbps", "bytes_per_s", "in bits"), ("1 mb/s", "bytes_per_s", "unit 'mb/s'"), ("1 MB", "bytes_per_s", "unit 'MB'"),
    ("1 GB/s", "bytes", "unit 'GB/s'"), ("1 mB", "bytes", "unit 'mB'"), ("1", "bytes", "no unit"), ("", "bytes", "not a figure"),
    ("MiB", "bytes", "not a figure"), ("0 B", "bytes", "finite and positive"), ("-1 MiB", "bytes", "finite and positive"),
    ("nan B", "bytes", "not a figure"), ("inf B", "bytes", "not a figure"), ("1e999 B", "bytes", "finite and positive"),
    ("1 TOPS", "mac_flops_per_s", "unit 'TOPS'"), ("1 MiFLOPS", "mac_flops_per_s", "unit 'MiFLOPS'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dimension", "value"), GOOD)
def test_units_in(text: str, dimension: str, value: float) -> None:
    assert quantities.parse(text, dimension) == value


@pytest.mark.parametrize(("text", "dimension", "message"), BAD)
def test_wrong_units_are_refused(text: str, dimension: str, message: str) -> None:
    with pytest.raises(cm.errors.QuantityError) as error:
        quantities.parse(text, dimension)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1_204_224, "B", "1.148 MiB"), (999, "B", "999 B"), (9.04116736e-4, "s", "904.1 µs"), (568_740_352, "", "568.7M"), (9999, "", "9999"),
     (10**9, "B/s", "1 GB/s"), (0, "s", "0 s"), (None, "B", "-"), (True, "", "yes")],
)  # fmt: skip
def test_units_out(value, unit: str, text: str) -> None:
    assert quantities.show(value, unit) == text


@pytest.mark.parametrize(
    "bad", [0, -1, float("nan"), float("inf"), 10**400, True, [1, 2], np.array([1.0, -1.0]), np.array([np.nan]), np.array(["a"])]
)
def test_bad_figures_name_the_field(bad) -> None:
    with pytest.raises(cm.CostModelError, match="ddr_bytes_per_s"):
        cm.Hardware.load("pardhi").replace(ddr=bad)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"sram": "1 MiB"}, "needs `mac_flops_per_s`"),
        ({"sram": 1, "macs": 1, "other": 1}, "`flash_bytes` and `flash_bytes_per_s` without DDR"),
        ({"srm": 1}, "has no figure `srm`"),
        ({"sram": 1, "sram_bytes": 1}, "given twice"),
    ],
)
def test_incomplete_machines(figures, message: str) -> None:
    with pytest.raises(cm.errors.FieldError, match=message):
        cm.Hardware(**figures)


def test_pardhi() -> None:
    hw = cm.Hardware.load("pardhi")
    assert 8 * hw.sram_bytes == 8_388_608
    assert (hw.ddr_bytes_per_s, hw.mac_flops_per_s, hw.other_ops_per_s) == (10**9, 10**12, 10**10)


@pytest.mark.parametrize("name", sorted(catalog()))
def test_every_catalog_figure_has_a_source_or_is_an_estimate(name: str) -> None:
    machine = cm.Hardware.load(name)
    assert machine.title
    for field in machine.figures:
        assert machine.provenance[field].source or machine.provenance[field].estimate


def test_a_changed_figure_loses_its_source() -> None:
    hw = cm.Hardware.load("pardhi").replace(ddr="2 GB/s")
    assert "ddr_bytes_per_s" not in hw.provenance
    assert "sram_bytes" in hw.provenance


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('sram = "1 MiB"\ncache = "1 MiB"', "unknown key `cache`"),
        ('[sram]\nvalue = "1 MiB"\npage = 3', "unknown key `page`"),
        ("[sram]\nsource = 'x'", "needs a `value`"),
        ('sram = "1 Mb"', "in bits"),
        ("sram = ", "is no TOML"),
        ("title = 3", "must be a text"),
        ('sram = "1 MiB"\nsram_bytes = 3', "given twice"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "chip.toml"
    path.write_text(text)
    with pytest.raises(cm.CostModelError) as error:
        cm.Hardware.load(path)
    assert message in str(error.value)
    assert "chip.toml" in str(error.value)


def test_a_file_is_a_machine(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text('sram = "512 KiB"\nddr = "2 GB/s"\nmacs = "8 GMAC/s"\nother = "1 GOP/s"\n')
    assert cm.Hardware.load(path) == cm.Hardware(name="chip", sram=524_288, ddr=2 * 10**9, macs=16 * 10**9, other=10**9)


def test_unknown_machine_suggests() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="did you mean pardhi"):
        cm.Hardware.load("pardi")


def test_a_machine_is_named_by_text() -> None:
    with pytest.raises(cm.CostModelError, match=r"`name` \(=3\)"):
        cm.Hardware.load(3)


def test_shares_overheads_and_bursts() -> None:
    hw = cm.Hardware.load("pardhi").replace(burst="64 B", overhead="20 us", utilisation={"depthwise": 0.3})
    assert (hw.burst_bytes, hw.overhead_s, hw.utilisation) == (64, 2e-5, {"depthwise": 0.3})
    more = hw.replace(**{"utilisation.pointwise": "0.5"})
    assert more.utilisation == {"depthwise": 0.3, "pointwise": 0.5}
    assert more.figures["utilisation.pointwise"] == 0.5
    assert "depthwise at 0.3 of the rate" in repr(more)
    assert cm.Hardware.load("pardhi").overhead_s == 0
    assert hw.replace(overhead=0, burst=None, utilisation={}) == cm.Hardware.load("pardhi")
    share = cm.symbols("u")
    assert hw.replace(utilisation={"conv2d": share}).symbols == {share}


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"utilisation": {"depthwis": 0.3}}, "did you mean depthwise"),
        ({"utilisation.conv": 0.3}, "did you mean conv"),
        ({"utilisation": {"depthwise": 1.5}}, "above 0 and at most 1"),
        ({"utilisation": {"depthwise": 0}}, "above 0 and at most 1"),
        ({"utilisation": {"depthwise": "much"}}, "above 0 and at most 1"),
        ({"utilisation": {"depthwise": True}}, "above 0 and at most 1"),
        ({"utilisation": 0.3}, "must map kinds of layers"),
        ({"overhead": -1}, "overhead_s"),
        ({"burst": 0}, "burst_bytes"),
    ],
)
def test_bad_shares(figures, message: str) -> None:
    with pytest.raises(cm.CostModelError, match=message):
        cm.Hardware.load("pardhi").replace(**figures)


@pytest.mark.parametrize("name", sorted(catalog()))
def test_a_written_machine_reads_back(tmp_path: Path, name: str) -> None:
    machine = cm.Hardware.load(name).replace(overhead=1e-6, utilisation={"conv2d": 0.5})
    machine.save(tmp_path / f"{name}.toml")
    again = cm.Hardware.load(tmp_path / f"{name}.toml")
    assert again == machine
    assert (again.title, again.provenance) == (machine.title, machine.provenance)


def test_shares_in_files_have_sources(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    figures = 'sram = "1 KiB"\nddr = "1 MB/s"\nmacs = "1 GMAC/s"\nother = "1 GOP/s"\n'
    path.write_text(figures + '[utilisation]\nconv2d = 0.5\ndepthwise = {value = 0.3, source = "a \\"run\\"", estimate = true}\n')
    machine = cm.Hardware.load(path)
    assert machine.utilisation == {"conv2d": 0.5, "depthwise": 0.3}
    assert machine.provenance["utilisation.depthwise"] == ('a "run"', True)
    machine.save(tmp_path / "again.toml")
    assert cm.Hardware.load(tmp_path / "again.toml").provenance == machine.provenance
    assert "utilisation.depthwise" not in machine.replace(**{"utilisation.depthwise": 0.4}).provenance
    path.write_text(figures + "utilisation = 0.5\n")
    with pytest.raises(cm.errors.FieldError, match="must be a table"):
        cm.Hardware.load(path)
    with pytest.raises(cm.errors.SymbolicError, match="plain numbers"):
        machine.replace(ddr=cm.symbols("beta")).to_toml()


def test_an_array_that_int64_cannot_hold_is_one_of_floats() -> None:
    machine = cm.Hardware(sram=np.array([2**63], dtype=np.uint64), ddr=np.array([2**40], dtype=np.uint64), macs=1, other=1)
    assert (machine.sram_bytes.dtype, machine.sram_bytes.tolist()) == (np.float64, [2.0**63])
    assert machine.ddr_bytes_per_s.dtype == np.int64
