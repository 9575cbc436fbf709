"""MobileNet v1: Howard et al., arXiv:1704.04861. Counts of Keras Applications' MobileNet agree (weights: kernels without biases)."""

import inspect

import pytest

import costmodel as cm

# Tables 6 and 7: million multiply-adds. "290" and "76" are rho^2 times the full resolution's, classifier included.
PUBLISHED = [(1, 224, 569), (0.75, 224, 325), (0.5, 224, 149), (0.25, 224, 41), (1, 192, 418), (1, 128, 186)]


@pytest.mark.parametrize(("width", "resolution", "millions"), PUBLISHED)
def test_million_mult_adds(width: float, resolution: int, millions: int) -> None:
    assert round(cm.zoo.mobilenet_v1(width, resolution).macs / 1e6) == millions


def test_exact_counts() -> None:
    """From the layer table: sum of H*W*k*k*C and H*W*C*N by hand, and the classifier's 1024*1000."""
    sizes = [(112, 32, 64, 1), (112, 64, 128, 2), (56, 128, 128, 1), (56, 128, 256, 2), (28, 256, 256, 1), (28, 256, 512, 2)]
    sizes += [(14, 512, 512, 1)] * 5 + [(14, 512, 1024, 2), (7, 1024, 1024, 1)]
    macs, weights = 112 * 112 * 32 * 27 + 1024 * 1000, 27 * 32 + 1024 * 1000
    for size, channels, out, stride in sizes:
        positions = (size // stride) ** 2
        macs += positions * (9 * channels + channels * out)
        weights += 9 * channels + channels * out
    net = cm.zoo.mobilenet_v1()
    assert net.macs == macs == 568_740_352
    assert net.totals.weights == weights == 4_209_088


def test_parameters_by_name() -> None:
    """10,944 normalised channels, 1000 classifier biases."""
    assert cm.zoo.mobilenet_v1().parameters == {
        "weights": 4_209_088,
        "trainable": 4_209_088 + 1_000 + 2 * 10_944,
        "all": 4_209_088 + 1_000 + 4 * 10_944,
        "folded": 4_209_088 + 1_000 + 10_944,
    }


@pytest.mark.parametrize(("argument", "value", "macs"), [("width_multiplier", 0.75, 325_400_448), ("resolution", 160, 290_675_200)])
def test_variants(argument: str, value: float, macs: int) -> None:
    assert cm.zoo.build("mobilenet_v1", **{argument: value}).macs == macs


def test_memory_and_traffic() -> None:
    """Peak: 112*112*32 in and 112*112*64 out of the first pointwise layer. At 1 MiB the maps around it do not stay."""
    p = cm.predict("mobilenet_v1", "pardhi")
    assert p.total.peak_live_bytes == 112 * 112 * (32 + 64) == 1_204_224
    spilled = 112 * 112 * 32 + 112 * 112 * 64
    assert p.total.ddr_bytes == 4_209_088 + 224 * 224 * 3 + 1000 + 2 * spilled == 6_769_064
    assert not p.total.fits_sram
    assert cm.predict("mobilenet_v1", fuse_epilogues=False).total.peak_live_bytes == 2 * 112 * 112 * 64 == 1_605_632


def test_compulsory_traffic_of_convolutions_and_classifier() -> None:
    """14,396,840 B, layer by layer; ZigZag's best mapping at 1 MiB moved 14.40 MB."""
    rows = cm.predict("mobilenet_v1", traffic="compulsory").rows
    assert sum(row.ddr_bytes for row in rows if row.macs) == 14_396_840


def test_cifar_variant() -> None:
    p = cm.predict("mobilenet_cifar")
    assert p.total.ddr_bytes == 3_109_952 + 28 * 28 * 3 + 10 == 3_112_314
    assert p.network.parameters["trainable"] == 3_130_314


@pytest.mark.parametrize(
    "name", [n for n, build in sorted(cm.zoo.NETWORKS.items()) if "width_multiplier" in inspect.signature(build).parameters]
)
@pytest.mark.parametrize("bad", [0, -1, float("nan"), "wide"])
def test_bad_multipliers(name: str, bad) -> None:
    with pytest.raises(cm.CostModelError, match="width_multiplier"):
        cm.zoo.build(name, width_multiplier=bad)
