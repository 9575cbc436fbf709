"""Joules: of arithmetic, of what is read and written on chip, of the bus."""

import pytest

import costmodel as cm

PJ = 1e-12


def _one_layer():
    return cm.sequential((1, 64, 16, 16), [cm.layers.Conv2d(32, 1, bias=False)])


def test_energy_by_hand() -> None:
    total = cm.predict(_one_layer(), traffic="compulsory").total
    # MACs 16*16*64*32; bytes 64*256 in, 64*32 weights, 32*256 out: once on chip and once over the bus
    macs, n_bytes = 16 * 16 * 64 * 32, 64 * 256 + 64 * 32 + 32 * 256
    assert total.sram_bytes_moved == total.ddr_bytes == n_bytes
    # 8 bits: 0.2 + 0.1 pJ a MAC, 5 pJ for 4 B on chip, 640 pJ for 4 B over the bus
    assert total.energy_j == pytest.approx(macs * 0.3 * PJ + n_bytes * (1.25 + 160) * PJ)


def test_the_table_is_read_at_the_width_of_the_network_itself() -> None:
    floats = _one_layer().rewrite(cm.rewrites.Bits(weights=32, activations=32))
    prediction = cm.predict(floats, traffic="compulsory")
    # 32 bits: 3.7 + 0.9 pJ a MAC; every operand has four bytes
    macs, n_bytes = 16 * 16 * 64 * 32, 4 * (64 * 256 + 64 * 32 + 32 * 256)
    assert prediction.total.energy_j == pytest.approx(macs * 4.6 * PJ + n_bytes * (1.25 + 160) * PJ)
    assert "32 bits" in prediction.assumptions["energy"]
    assert cm.sweep(floats, "pardhi", {"hardware.ddr": ["1 GB/s"]}, "energy_j", traffic="compulsory").energy_j == prediction.total.energy_j


def test_of_several_widths_it_is_the_one_that_most_layers_with_macs_read() -> None:
    network = cm.zoo.mobilenet_v1()  # block1/* writes what block1/pw and block2/dw read: 2 of 28 layers with MACs
    some = network.rewrite(cm.rewrites.Bits(activations=32, where="block1/*"))
    assert "8 bits" in cm.predict(some).assumptions["energy"]
    assert "32 bits" in cm.predict(some, activation_bits=32).assumptions["energy"]


def test_a_network_without_macs_has_a_width_too() -> None:
    floats = cm.sequential((1, 4, 4, 4), [cm.layers.ReLU()]).rewrite(cm.rewrites.Bits(activations=32))
    prediction = cm.predict(floats, traffic="compulsory")
    # 64 compares of 0.9 pJ in 32 bits; 2 * 64 * 4 bytes
    assert prediction.total.energy_j == pytest.approx(64 * 0.9 * PJ + 2 * 64 * 4 * (1.25 + 160) * PJ)


def test_a_machine_may_say_its_own() -> None:
    machine = cm.Hardware.load("pardhi").replace(mac_energy="1 pJ", other_energy="1 pJ", sram_energy="2 pJ/B", ddr_energy="20 pJ/B")
    prediction = cm.predict(_one_layer(), machine, traffic="compulsory")
    n_bytes = 64 * 256 + 64 * 32 + 32 * 256
    assert prediction.total.energy_j == pytest.approx(16 * 16 * 64 * 32 * PJ + 22 * n_bytes * PJ)
    assert prediction.assumptions["energy"] == "pardhi; each operand of a layer once on chip"


def test_what_the_machine_leaves_out_is_said() -> None:
    machine = cm.Hardware.load("pardhi").replace(mac_energy="1 pJ")
    said = cm.predict(_one_layer(), machine, activation_bits=32).assumptions["energy"]
    assert (
        said == "Horowitz, ISSCC 2014, 45 nm, 32 bits, for other_j, sram_j_per_byte, ddr_j_per_byte; each operand of a layer once on chip"
    )


def test_rows_add_up_and_symbols_pass() -> None:
    prediction = cm.predict("mobilenet_v1")
    assert sum(row.energy_j for row in prediction) == pytest.approx(prediction.total.energy_j)
    alpha = cm.symbols("alpha", multiple_of="1/32")
    form = cm.predict(cm.zoo.mobilenet_v1(alpha), traffic="compulsory").total.energy_j
    assert cm.evaluate(form, {alpha: 1}) == pytest.approx(cm.predict("mobilenet_v1", traffic="compulsory").total.energy_j)


def test_no_figure_is_made_up_for_flash() -> None:
    prediction = cm.predict("ds_cnn_kws", "stm32f746")
    assert prediction.total.energy_j is None
    assert "energy" not in prediction.assumptions


def test_units_are_checked() -> None:
    with pytest.raises(cm.CostModelError, match="J/B"):
        cm.Hardware.load("pardhi").replace(ddr_energy="20 pJ")
