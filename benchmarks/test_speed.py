"""How fast: each group holds costmodel and its peer or physical limit, measured in one run.

`make bench` prints them side by side; read the ratios of the medians.
"""

import subprocess
import sys

import numpy as np
import pytest

import costmodel as cm

POINTS = 10**6


def one_peer_profile(model):
    """What onnx-tool does with a loaded ModelProto: infer shapes, profile."""
    onnx_tool = pytest.importorskip("onnx_tool", reason="the peer comes with: pip install 'costmodel[bench]'")

    def profile():
        graph = onnx_tool.Model(model).graph
        graph.shape_infer(None)
        graph.profile()
        return int(sum(graph.macs)) if hasattr(graph.macs, "__len__") else int(graph.macs)

    return profile


def process(benchmark, *words):
    def run():
        return subprocess.run([sys.executable, *words], capture_output=True, check=True)

    benchmark.pedantic(run, rounds=7, warmup_rounds=1)


@pytest.mark.benchmark(group="1 build and predict MobileNet v1")
def test_costmodel_build_and_predict(benchmark) -> None:
    def build_and_predict():
        total = cm.predict(cm.zoo.mobilenet_v1(), "pardhi").total
        return total.macs, total.peak_live_bytes, total.ddr_bytes, total.time_serial_s, total.time_overlapped_s

    assert benchmark(build_and_predict)[0] == 568_740_352


@pytest.mark.benchmark(group="1 build and predict MobileNet v1")
def test_costmodel_with_the_full_record(benchmark) -> None:
    assert benchmark(lambda: cm.predict(cm.zoo.mobilenet_v1(), "pardhi").to_dict())["totals"]["macs"] == 568_740_352


@pytest.mark.benchmark(group="1 build and predict MobileNet v1")
def test_peer_onnx_tool_on_a_loaded_model(benchmark, mobilenet_v1_onnx) -> None:
    assert benchmark(one_peer_profile(mobilenet_v1_onnx[0])) > 568_740_352 * 0.9


@pytest.mark.benchmark(group="2 import")
def test_costmodel_import(benchmark) -> None:
    process(benchmark, "-c", "import costmodel")


@pytest.mark.benchmark(group="2 import")
def test_limit_an_empty_process(benchmark) -> None:
    process(benchmark, "-c", "pass")


@pytest.mark.benchmark(group="3 the whole shell command")
def test_costmodel_shell(benchmark) -> None:
    process(benchmark, "-m", "costmodel", "predict", "mobilenet_v1")


@pytest.mark.benchmark(group="3 the whole shell command")
def test_peer_onnx_tool_shell(benchmark, mobilenet_v1_onnx) -> None:
    pytest.importorskip("onnx_tool", reason="the peer comes with: pip install 'costmodel[bench]'")
    process(benchmark, "-m", "onnx_tool", "-i", str(mobilenet_v1_onnx[1]))


@pytest.fixture(scope="module")
def many_machines():
    rates = np.linspace(1e8, 1e10, POINTS)
    hardware = cm.Hardware.load("pardhi").replace(ddr=rates, macs=rates[::-1] * 500)
    return cm.predict("mobilenet_v1", hardware)


@pytest.mark.benchmark(group="4 a million machines")
def test_costmodel_serial_time(benchmark, many_machines) -> None:
    assert benchmark(lambda: many_machines.total.time_serial_s).shape == (POINTS,)


@pytest.mark.benchmark(group="4 a million machines")
def test_costmodel_overlapped_time(benchmark, many_machines) -> None:
    assert benchmark(lambda: many_machines.total.time_overlapped_s).shape == (POINTS,)


@pytest.mark.benchmark(group="4 a million machines")
def test_limit_one_division_of_arrays(benchmark) -> None:
    a, b = np.linspace(1, 2, POINTS), np.linspace(2, 3, POINTS)
    benchmark(lambda: a / b)


def forget_tilings() -> None:
    from costmodel.prediction.tiled import axis, cuts, families, search

    for remembered in (search.stairs, search.alternative, families._spatial, cuts.cuts, cuts.sizes, axis._rows):
        remembered.cache_clear()


@pytest.mark.benchmark(group="5 tilings, nothing remembered: at most 150 ms and 20 ms")
def test_mobilenet_v1_tiled(benchmark) -> None:
    """Every layer at its least under 64 KiB. ZigZag takes 95 CPU-seconds, AccelForge 253 s."""
    network, machine = cm.zoo.mobilenet_v1(), cm.Hardware.load("pardhi").replace(sram="64 KiB")
    moved = benchmark.pedantic(lambda: cm.predict(network, machine, traffic="tiled").total.ddr_bytes, setup=forget_tilings, rounds=15)
    assert moved > 14_396_840


@pytest.mark.benchmark(group="5 tilings, nothing remembered: at most 150 ms and 20 ms")
def test_ski_slope_of_64_capacities(benchmark) -> None:
    """One 3x3 convolution, 56x56, 64 to 64 channels."""
    layer, capacities = cm.layers.Conv2d(64, 3, bias=False), np.geomspace(300, 10**6, 64).astype(int).tolist()
    slope = benchmark.pedantic(lambda: cm.ski_slope(layer, capacities, (1, 64, 56, 56)), setup=forget_tilings, rounds=15)
    assert slope.ddr_bytes[-1] == slope.compulsory_bytes == 2 * 64 * 56 * 56 + 9 * 64 * 64


SLOPES = {
    "vgg16 conv1_2": (cm.layers.Conv2d(64, 3, bias=False), (1, 64, 224, 224)),
    "resnet50 conv1": (cm.layers.Conv2d(64, 7, stride=2, padding=3, bias=False), (1, 3, 224, 224)),
    "pointwise": (cm.layers.Conv2d(512, 1, bias=False), (1, 512, 14, 14)),
    "depthwise": (cm.layers.DepthwiseConv2d(3, bias=False), (1, 64, 112, 112)),
    "dense": (cm.layers.Dense(4096, bias=False), (1, 25_088)),
    "transposed": (cm.layers.ConvTranspose2d(64, 4, stride=2, padding=1, bias=False), (1, 128, 56, 56)),
}


@pytest.mark.benchmark(group="5 tilings, nothing remembered: at most 150 ms and 20 ms")
@pytest.mark.parametrize("name", SLOPES)
def test_ski_slope_of_layers(benchmark, name: str) -> None:
    (layer, shape), capacities = SLOPES[name], np.geomspace(300, 10**6, 64).astype(int).tolist()
    slope = benchmark.pedantic(lambda: cm.ski_slope(layer, capacities, shape), setup=forget_tilings, rounds=15)
    assert slope.ddr_bytes[-1] >= slope.compulsory_bytes


@pytest.mark.benchmark(group="6 an 11x11 kernel on 1024 x 2048")
def test_a_large_layer_with_a_large_kernel(benchmark) -> None:
    layer = cm.layers.Conv2d(64, 11, bias=False)
    benchmark.pedantic(lambda: cm.traffic(layer, (1, 64, 1024, 2048), sram="64 KiB"), setup=forget_tilings, rounds=3)


@pytest.mark.benchmark(group="fused plan of MobileNet v2: at most 1 s")
def test_costmodel_fuse_where_weights_come_again(benchmark) -> None:
    """64 KiB: every cut counts."""
    found = benchmark.pedantic(lambda: cm.fuse(cm.zoo.mobilenet_v2(), "64 KiB"), setup=forget_tilings, rounds=5)
    assert found.optimal


@pytest.mark.benchmark(group="fused plan of MobileNet v2: at most 1 s")
def test_costmodel_fuse(benchmark) -> None:
    """Arm Vela takes 0.9 s, ZigZag 95 CPU-seconds for MobileNet v1, AccelForge over 800 s."""
    assert benchmark(lambda: cm.fuse(cm.zoo.mobilenet_v2(), "256 KiB")).ddr_bytes == 3_621_288


@pytest.mark.benchmark(group="6 front of 10^7 points, two metrics")
def test_costmodel_pareto(benchmark) -> None:
    a, b = np.random.default_rng(1).random((2, 10**7))
    assert len(benchmark.pedantic(lambda: cm.pareto({"a": a, "b": b}, ["a", "b"]), rounds=3)) > 1


@pytest.mark.benchmark(group="6 front of 10^7 points, two metrics")
def test_limit_one_sort(benchmark) -> None:
    """What a front of two metrics can't do without, if nothing is sieved out: one sort."""
    a = np.random.default_rng(1).random(10**7)
    benchmark.pedantic(lambda: np.argsort(a), rounds=3)


@pytest.mark.benchmark(group="what stays on chip of Inception v4 at 1 MiB, weights too")
def test_costmodel_residency(benchmark) -> None:
    network = cm.zoo.inception_v4()
    moved = benchmark(lambda: cm.predict(network, "pardhi", traffic="residency", steady_state=True).total.ddr_bytes)
    assert moved == 56_827_123


@pytest.mark.benchmark(group="5 tilings, nothing remembered: at most 150 ms and 20 ms")
def test_mobilenet_v1_tiled_with_all_times(benchmark) -> None:
    """Both schedules: the whole SRAM, and half of it in a double buffer."""
    network, machine = cm.zoo.mobilenet_v1(), cm.Hardware.load("pardhi").replace(sram="64 KiB")
    best = benchmark.pedantic(lambda: cm.predict(network, machine, traffic="tiled").total.time_best_s, setup=forget_tilings, rounds=15)
    assert 0.016 < best < 0.0187
