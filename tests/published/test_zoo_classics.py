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
    ("alexnet", {"variant": "torchvision"}, 714_188_480, 61_090_496, 10_344, 0, "torchvision"),
    ("alexnet", {"variant": "torchvision", "resolution": 227}, 716_767_232, 61_090_496, 10_344, 0, "torchvision at 227"),
    ("googlenet", {}, 1_582_671_872, 6_990_272, 8_280, 0, "torchvision with 5x5 and biases as in Caffe"),
    ("xception", {}, 8_357_403_496, 22_800_424, 1_000, 54_528, "Keras, timm"),
    ("inception_v3", {}, 5_713_216_096, 23_799_136, 1_000, 34_432, "torchvision, timm, pytorchcv"),
    ("inception_v4", {}, 12_253_974_624, 42_615_648, 1_000, 63_168, "timm, pytorchcv"),
    ("inception_resnet_v2", {}, 13_155_794_016, 55_736_160, 46_760, 60_544, "timm, pytorchcv"),
    ("nasnet_a_mobile", {}, 563_638_816, 5_252_240, 1_000, 36_738, "Keras"),
]


@pytest.mark.parametrize(("name", "arguments", "macs", "weights", "biases", "norm", "source"), COUNTS)
def test_counts(name: str, arguments: dict, macs: int, weights: int, biases: int, norm: int, source: str) -> None:
    totals = cm.zoo.build(name, **arguments).totals
    assert totals._replace(other=()) == Counts(macs, (), weights, biases, norm, norm, 0)


@pytest.mark.parametrize(
    ("name", "affine", "statistics", "total"),
    [("inception_v3", 17_216, 34_432, 23_851_784), ("inception_resnet_v2", 30_272, 60_544, 55_873_736)],
)
def test_inception_of_keras(name: str, affine: int, statistics: int, total: int) -> None:
    """Keras leaves out the gains (scale=False); the last figure is its count of all parameters."""
    net = cm.zoo.build(name, scale=False)
    assert (net.totals.norm_affine, net.totals.norm_statistics, net.parameters["all"]) == (affine, statistics, total)


def test_published_parameters() -> None:
    """Xception, Table 3 as quoted by its repositories; Inception v4 as counted in Cadene's PyTorch port; NASNet-A's 5.3 M."""
    assert cm.zoo.build("xception").parameters["trainable"] == 22_855_952
    assert cm.zoo.inception_v4().parameters["trainable"] == 42_679_816
    assert cm.zoo.nasnet_a_mobile().parameters["trainable"] == 5_289_978


def test_maps_of_the_inception_papers() -> None:
    """35, 17 and 8 rows of arXiv:1602.07261, Figures 9 and 15, and their channels (Inception-ResNet: 320, 1088, 2080 of the code)."""
    ends = {"a4": (384, 35), "b7": (1024, 17), "c3": (1536, 8)}
    v4 = cm.zoo.inception_v4().nodes
    assert {name: v4[f"{name}/concat"].output_shapes[0][1:3] for name in ends} == ends
    residual = {"stage1/block10/add": (320, 35), "stage2/block20/add": (1088, 17), "stage3/block10/add": (2080, 8)}
    nodes = cm.zoo.inception_resnet_v2().nodes
    assert {name: nodes[name].output_shapes[0][1:3] for name in residual} == residual


def test_maps_of_nasnet() -> None:
    """Keras: stem of 111, 56 and 28 rows; 6*44, 6*88 and 6*176 channels at 28, 14 and 7."""
    nodes = cm.zoo.nasnet_a_mobile().nodes
    ends = {"conv1": (32, 111), "stem1/concat": (44, 56), "stem2/concat": (88, 28), "stage1/cell4/concat": (264, 28)}
    ends |= {"stage2/reduction/concat": (352, 14), "stage2/cell4/concat": (528, 14), "stage3/cell4/concat": (1056, 7)}
    assert {name: nodes[name].output_shapes[0][1:3] for name in ends} == ends


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
    full, separable = cm.zoo.build("googlenet"), cm.zoo.build("googlenet", stem="separable")
    assert full.totals.weights - separable.totals.weights == 9408 - 2712
    assert full.macs - separable.macs == 112 * 112 * (9408 - 2712)


def test_auxiliary_heads_of_googlenet() -> None:
    """4x4 positions of 512*128 and of 528*128, then 2048*1024 + 1024*1000 twice."""
    heads = 16 * (512 + 528) * 128 + 2 * (2048 * 1024 + 1024 * 1000)
    assert cm.zoo.build("googlenet", auxiliary=True).macs - cm.zoo.build("googlenet").macs == heads


@pytest.mark.parametrize(("name", "arguments"), [(n, a) for n, a, *_ in COUNTS if n != "alexnet"])
def test_symbolic_resolution(name: str, arguments: dict) -> None:
    R = cm.symbols("R", multiple_of=32)
    form = cm.zoo.build(name, resolution=R, **arguments).macs
    for resolution in (224, 320):
        assert cm.evaluate(form, {"R": resolution}) == cm.zoo.build(name, resolution=resolution, **arguments).macs


@pytest.mark.parametrize("name", ["alexnet", "inception_v3", "inception_v4", "inception_resnet_v2", "xception"])
def test_plain_symbolic_resolution(name: str) -> None:
    """At 299 windows leave rows over: a symbol without a step keeps the roundings."""
    form = cm.zoo.build(name, resolution=cm.symbols("R", integer=True)).macs
    for resolution in (299, 331):
        assert cm.evaluate(form, {"R": resolution}) == cm.zoo.build(name, resolution=resolution).macs


@pytest.mark.parametrize("call", [lambda: cm.zoo.build("alexnet", variant="two towers"), lambda: cm.zoo.build("googlenet", stem="none")])
def test_unknown_variants(call) -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="unknown"):
        call()


@pytest.mark.parametrize("repeats", [0, 1.5, True])
def test_bad_repeats(repeats) -> None:
    with pytest.raises(cm.errors.FieldError, match="repeats"):
        cm.zoo.nasnet_a_mobile(repeats=repeats)
