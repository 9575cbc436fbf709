"""The catalog, row by row: each figure in base units by its own arithmetic, with a source, estimates marked as such."""

import json
import tomllib

import pytest
from typer.testing import CliRunner

import costmodel as cm
from costmodel import cli
from costmodel.hardware.document import catalog

KIB, MIB = 1024, 1024**2

# device, field, number in base units, estimate
FIGURES = [
    ("pardhi", "sram_bytes", 1_048_576, False),  # 8388608 bits / 8
    ("pardhi", "ddr_bytes_per_s", 10**9, False),
    ("pardhi", "mac_flops_per_s", 10**12, False),
    ("pardhi", "other_ops_per_s", 10**10, False),
    ("stm32f407", "sram_bytes", (128 + 64) * KIB, False),  # RAM + CCM
    ("stm32f407", "mac_flops_per_s", 672_000_000, True),  # 168 MHz * 2 MAC * 2
    ("stm32f407", "other_ops_per_s", 168_000_000, True),  # 168 MHz * 1
    ("stm32f407", "flash_bytes", 1024 * KIB, False),
    ("stm32f407", "flash_bytes_per_s", 448_000_000, True),  # 168 MHz * 16 B / 6
    ("stm32f746", "sram_bytes", 320 * KIB, False),
    ("stm32f746", "mac_flops_per_s", 864_000_000, True),  # 216 MHz * 2 MAC * 2
    ("stm32f746", "other_ops_per_s", 216_000_000, True),  # 216 MHz * 1
    ("stm32f746", "flash_bytes", MIB, False),
    ("stm32f746", "flash_bytes_per_s", 864_000_000, True),  # 216 MHz * 32 B / 8
    ("stm32h743", "sram_bytes", (128 + 512 + 128 + 128 + 32 + 64) * KIB, False),  # DTCM, AXI, SRAM1 to SRAM4
    ("stm32h743", "mac_flops_per_s", 1_920_000_000, True),  # 480 MHz * 2 MAC * 2
    ("stm32h743", "other_ops_per_s", 480_000_000, True),  # 480 MHz * 1
    ("stm32h743", "flash_bytes", 2 * MIB, False),
    ("stm32h743", "flash_bytes_per_s", 1_536_000_000, True),  # 240 MHz * 32 B / 5
    ("nrf52840", "sram_bytes", 256 * KIB, False),
    ("nrf52840", "mac_flops_per_s", 256_000_000, True),  # 64 MHz * 2 MAC * 2
    ("nrf52840", "other_ops_per_s", 64_000_000, True),  # 64 MHz * 1
    ("nrf52840", "flash_bytes", MIB, False),
    ("nrf52840", "flash_bytes_per_s", 85_000_000, True),  # 64 MHz * 4 B / 3 = 85.3 MB/s
    ("ethos_u55_256", "sram_bytes", 2 * MIB, True),
    ("ethos_u55_256", "mac_flops_per_s", 256_000_000_000, False),  # 500 MHz * 256 MAC * 2
    ("ethos_u55_256", "other_ops_per_s", 2_000_000_000, True),  # 500 MHz * 4
    ("ethos_u55_256", "flash_bytes", 16 * MIB, True),
    ("ethos_u55_256", "flash_bytes_per_s", 500_000_000, False),
    ("ethos_u65_512", "sram_bytes", 524_288, False),
    ("ethos_u65_512", "ddr_bytes_per_s", 3_750_000_000, False),  # 16 B * 1 GHz * 0.234375
    ("ethos_u65_512", "mac_flops_per_s", 1_024_000_000_000, False),  # 1 GHz * 512 MAC * 2
    ("ethos_u65_512", "other_ops_per_s", 8_000_000_000, True),  # 1 GHz * 8
    ("coral_edge_tpu", "sram_bytes", 8 * MIB, False),
    ("coral_edge_tpu", "ddr_bytes_per_s", 500_000_000, False),  # 5 GT/s * 8 / 10 of a PCIe 2.0 lane / 8
    ("coral_edge_tpu", "mac_flops_per_s", 4 * 10**12, False),  # 4 TOPS, 2 TMAC/s
    ("coral_edge_tpu", "other_ops_per_s", 31_250_000_000, True),  # 2 TMAC/s / 64
    ("eyeriss", "sram_bytes", 108 * KIB, True),
    ("eyeriss", "ddr_bytes_per_s", 720_000_000, True),  # 90 MHz * 8 B
    ("eyeriss", "mac_flops_per_s", 67_200_000_000, True),  # 200 MHz * 168 MAC * 2
    ("eyeriss", "other_ops_per_s", 2_800_000_000, True),  # 200 MHz * 14
    ("raspberry_pi_4_core", "sram_bytes", MIB, False),
    ("raspberry_pi_4_core", "ddr_bytes_per_s", 5_560_000_000, True),
    ("raspberry_pi_4_core", "mac_flops_per_s", 24_000_000_000, True),  # 1.5 GHz * 8 MAC * 2
    ("raspberry_pi_4_core", "other_ops_per_s", 12_000_000_000, True),  # 1.5 GHz * 8
    ("pixel_1_cpu", "sram_bytes", MIB, True),
    ("pixel_1_cpu", "ddr_bytes_per_s", 29_800_000_000, False),
    ("pixel_1_cpu", "mac_flops_per_s", 34_400_000_000, True),  # 2.15 GHz * 8 MAC * 2
    ("pixel_1_cpu", "other_ops_per_s", 17_200_000_000, True),  # 2.15 GHz * 8
    ("jetson_nano", "sram_bytes", 262_144, False),
    ("jetson_nano", "ddr_bytes_per_s", 25_600_000_000, False),  # 3200 MT/s * 8 B
    ("jetson_nano", "mac_flops_per_s", 472_000_000_000, False),  # 128 * 922 MHz * 2 lanes * 2 = 472.06 GFLOPS
    ("jetson_nano", "other_ops_per_s", 118_000_000_000, True),  # 128 * 922 MHz = 118.016 GOP/s
    ("jetson_orin_nano", "sram_bytes", 2 * MIB, True),
    ("jetson_orin_nano", "ddr_bytes_per_s", 68_000_000_000, False),
    ("jetson_orin_nano", "mac_flops_per_s", 20 * 10**12, False),  # 20 dense TOPS, 10 TMAC/s
    ("jetson_orin_nano", "other_ops_per_s", 640_000_000_000, True),  # 1024 * 625 MHz
    ("x86_avx2_core", "sram_bytes", 256 * KIB, True),
    ("x86_avx2_core", "ddr_bytes_per_s", 15_000_000_000, True),
    ("x86_avx2_core", "mac_flops_per_s", 192_000_000_000, True),  # 3 GHz * 32 MAC * 2
    ("x86_avx2_core", "other_ops_per_s", 48_000_000_000, True),  # 3 GHz * 16
    ("h100_sxm", "sram_bytes", 50 * MIB, False),
    ("h100_sxm", "ddr_bytes_per_s", 3_350_000_000_000, False),
    ("h100_sxm", "mac_flops_per_s", 1_979_000_000_000_000, False),  # 3958 TOPS with sparsity / 2
    ("h100_sxm", "other_ops_per_s", 33_500_000_000_000, True),  # 67 TFLOPS / 2
    ("h200_sxm", "sram_bytes", 50 * MIB, True),
    ("h200_sxm", "ddr_bytes_per_s", 4_800_000_000_000, False),
    ("h200_sxm", "mac_flops_per_s", 1_979_000_000_000_000, True),  # 3958 TOPS with sparsity / 2
    ("h200_sxm", "other_ops_per_s", 33_500_000_000_000, True),  # 67 TFLOPS / 2
]

MICROCONTROLLERS = {"stm32f407", "stm32f746", "stm32h743", "nrf52840", "ethos_u55_256"}
GUESS = ("rule of thumb", "from memory", "peak", "taken ", "usual size", "only the abstract")


@pytest.mark.parametrize(("device", "field", "number", "estimate"), FIGURES, ids=lambda v: v if isinstance(v, str) else "")
def test_figure(device: str, field: str, number: int, estimate: bool) -> None:
    machine = cm.Hardware.load(device)
    assert machine.figures[field] == number
    assert isinstance(machine.figures[field], int)
    assert machine.provenance[field].estimate is estimate


def test_every_figure_of_the_catalog_stands_in_the_table() -> None:
    rows = [(device, field) for device, field, *_ in FIGURES]
    assert len(rows) == len(set(rows))
    assert set(rows) == {(name, field) for name in cm.Hardware.names() for field in cm.Hardware.load(name).figures}


@pytest.mark.parametrize("name", sorted(catalog()))
def test_every_figure_has_a_source(name: str) -> None:
    machine = cm.Hardware.load(name)
    assert machine.title
    assert set(machine.provenance) == set(machine.figures)
    for field, (source, estimate) in machine.provenance.items():
        assert len(source.strip()) > 10, field
        assert source.isascii(), field
        if estimate:
            assert any(word in source for word in GUESS), f"{name}.{field} must say how it was estimated"


@pytest.mark.parametrize("name", sorted(catalog().keys() - {"pardhi"}))
def test_files_spell_units_out_and_titles_name_the_precision(name: str) -> None:
    table = tomllib.loads(catalog()[name].read_text(encoding="utf-8"))
    assert any(word in table["title"] for word in ("int8", "fp16", "16-bit"))
    for key, entry in table.items():
        if key != "title":
            assert entry.keys() - {"estimate"} == {"value", "source"}
            assert isinstance(entry["value"], str)


@pytest.mark.parametrize("name", sorted(catalog()))
def test_weights_stand_in_flash_or_ddr(name: str) -> None:
    machine = cm.Hardware.load(name)
    assert machine.weights_in_flash is (name in MICROCONTROLLERS)
    assert (machine.flash_bytes is not None) is (name in MICROCONTROLLERS)


@pytest.mark.parametrize("name", sorted(catalog()))
def test_every_machine_predicts(name: str) -> None:
    prediction = cm.predict(cm.zoo.mobilenet_v1(width_multiplier=0.25, resolution=96), cm.Hardware.load(name))
    assert prediction.total.time_serial_s > 0


def test_the_list_shows_estimates() -> None:
    result = CliRunner().invoke(cli.app, ["list", "hardware", "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows = {row["name"]: row for row in json.loads(result.output)}
    assert rows.keys() == catalog().keys()
    for device, field, number, _ in FIGURES:
        assert rows[device][field] == number
    for name, row in rows.items():
        estimates = {field for device, field, _, estimate in FIGURES if device == name and estimate}
        assert set(row["estimates"]) == estimates, name
    assert rows["pardhi"]["estimates"] == []
    assert "(estimate)" in cm.Hardware.load("eyeriss").describe()
