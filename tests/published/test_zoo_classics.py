"""The classics: counts of torchvision 0.29.2, Keras 3.15.1, timm 1.0.31 and pytorchcv 0.0.74, walked layer by layer."""

from itertools import pairwise

import pytest

import costmodel as cm
from costmodel.layers import Counts

# Network, arguments, MACs of convolutions and dense layers, weights, biases, norm affine, norm statistics, who says so.
COUNTS = [
    ("vgg16", {}, 15_470_264_320, 138_344_128, 13_416, 0, "torchvision, Keras"),
    ("vgg19", {}, 19_632_062_464, 143_652_544, 14_696, 0, "torchvision, Keras"),
    ("alexnet", {}, 724_406_816, 60_954_656, 10_568, 0, "pytorchcv with the groups of Caffe at 227"),
    ("alexnet", {"variant": "ungrouped"}, 1_135_256_096, 62_367_776, 10_568, 0, "pytorchcv at 227"),
    ("alexnet", {"variant": "torchvision", "resolution": 224}, 714_188_480, 61_090_496, 10_344, 0, "torchvision"),
    ("googlenet", {}, 1_582_671_872, 6_990_272, 8_280, 0, "torchvision with 5x5 and biases as in Caffe"),
    ("xception", {}, 8_357_403_496, 22_800_424, 1_000, 54_528, "Keras, timm"),
]


@pytest.mark.parametrize(("name", "arguments", "macs", "weights", "biases", "norm", "source"), COUNTS)
def test_counts(name: str, arguments: dict, macs: int, weights: int, biases: int, norm: int, source: str) -> None:
    totals = cm.zoo.build(name, **arguments).totals
    assert totals._replace(other=()) == Counts(macs, (), weights, biases, norm, norm, 0)


def test_vgg16_for_cifar() -> None:
    """13 convolutions on 32, 16, 8, 4 and 2 rows, then 512*512 + 512*10."""
    channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    rows = [32, 32, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2]
    convolutions = [9 * a * b for a, b in pairwise(channels)]
    net = cm.zoo.vgg16_cifar()
    assert net.totals.weights == sum(convolutions) + 512 * 512 + 5120
    assert net.macs == sum(w * r * r for w, r in zip(convolutions, rows, strict=True)) + 512 * 512 + 5120


def test_separable_stem_of_googlenet() -> None:
    """7*7*3*8 + 24*64 = 2712 weights in place of 7*7*3*64; 112*112 positions of each."""
    full, separable = cm.zoo.googlenet(), cm.zoo.googlenet(stem="separable")
    assert full.totals.weights - separable.totals.weights == 9408 - 2712
    assert full.macs - separable.macs == 112 * 112 * (9408 - 2712)


def test_auxiliary_heads_of_googlenet() -> None:
    """4x4 positions of 512*128 and of 528*128, then 2048*1024 + 1024*1000 twice."""
    heads = 16 * (512 + 528) * 128 + 2 * (2048 * 1024 + 1024 * 1000)
    assert cm.zoo.googlenet(auxiliary=True).macs - cm.zoo.googlenet().macs == heads


@pytest.mark.parametrize(("name", "arguments"), [(n, a) for n, a, *_ in COUNTS if n != "alexnet"])
def test_symbolic_resolution(name: str, arguments: dict) -> None:
    R = cm.symbols("R", multiple_of=32)
    form = cm.zoo.build(name, resolution=R, **arguments).macs
    for resolution in (224, 320):
        assert cm.evaluate(form, {"R": resolution}) == cm.zoo.build(name, resolution=resolution, **arguments).macs


@pytest.mark.parametrize("call", [lambda: cm.zoo.alexnet("two towers"), lambda: cm.zoo.googlenet(stem="none")])
def test_unknown_variants(call) -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="unknown"):
        call()
