"""The sentences of the slides on networks for mobile platforms, against arithmetic."""

import pytest

import costmodel as cm
from costmodel.published import baiev


def _rows(table, key):
    return {row[key]: row for row in table.rows}


def test_dense_layers_are_bigger_in_bytes_than_convolutions() -> None:
    alexnet = _rows(baiev.dense_against_convolution(), "network")["alexnet"]
    # fc6 256*6*6*4096 + fc7 4096*4096 + fc8 4096*1000 = 58,621,952 weights of 4 bytes
    assert alexnet["dense_bytes"] == 4 * (9216 * 4096 + 4096 * 4096 + 4096 * 1000)
    assert alexnet["bytes"] > 0.9


def test_convolutions_take_more_time_where_arithmetic_is_slow_and_less_where_the_bus_is() -> None:
    alexnet = _rows(baiev.dense_against_convolution(), "network")["alexnet"]
    assert alexnet["macs"] < 0.1
    assert alexnet["pixel_1_cpu_time_serial_s"] < 0.5 < alexnet["pardhi_time_serial_s"]


def test_height_and_width_drive_the_time_and_depth_the_size() -> None:
    rows = _rows(baiev.elasticities(), "grows")
    # MACs are H*W*D*D*k*k, weights D*D*k*k
    assert [(r["macs"], r["weights"]) for r in rows.values()] == [(1, 0), (1, 0), (2, 2), (2, 2)]
    values = {"H": 56, "W": 56, "D": 64, "k": 3, "beta": 1e9, "pi": 1e12}
    # bytes 9*64*64 + 2*64*56*56 = 438,272; of them 2*64*56*56 = 401,408 grow with H; MACs 115,605,504
    bus, grows, macs = 438_272 / 1e9, 401_408 / 1e9, 2 * 115_605_504 / 1e12
    assert cm.evaluate(rows["height"]["time_serial_s"], values) == pytest.approx((grows + macs) / (bus + macs))


def test_elasticities_of_whole_networks() -> None:
    rows = {(r["network"], r["grows"]): r for r in baiev.network_elasticities().rows}
    # vgg16: of 138,344,128 weights the 25,088 * 4096 of fc6 grow with the square of the resolution
    assert rows["vgg16", "resolution"]["weights"] == pytest.approx(2 * 25_088 * 4096 / 138_344_128)
    # mobilenet_v1: all MACs but the 1,024,000 of the classifier grow with the square of the resolution
    assert rows["mobilenet_v1", "resolution"]["macs"] == pytest.approx(2 * (568_740_352 - 1_024_000) / 568_740_352)
    assert rows["mobilenet_v1", "resolution"]["weights"] == 0


def test_download_limit() -> None:
    rows = _rows(baiev.download(), "network")
    # torchvision 0.29.2: 25,557,032 trainable parameters and 53,120 statistics, 4 bytes each: 102.4 MB
    assert rows["resnet50"]["bytes_32"] == 4 * (25_557_032 + 53_120) > 100_000_000
    assert (rows["resnet50"]["fits_32"], rows["resnet50"]["fits_8"]) == (False, True)
    assert (rows["vgg16"]["fits_8"], rows["mobilenet_v1"]["fits_32"]) == (False, True)


def test_ram_for_one_layer() -> None:
    rows = _rows(baiev.ram(), "network")
    assert (rows["vgg16"]["layer"], rows["vgg16"]["one_layer"]) == ("conv1_2", 2 * 64 * 224 * 224 * 4)
    assert (rows["resnet50"]["layer"], rows["resnet50"]["one_layer"]) == ("stage1/block1/add", 3 * 256 * 56 * 56 * 4)
    assert all(row["one_layer"] <= row["peak"] for row in rows.values())
