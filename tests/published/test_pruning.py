"""Han et al. 2015 and Deep Compression: figures of the papers' tables, against sums written out here and against the print."""

import pytest

import costmodel as cm
from costmodel.published import deep_compression, han_2015

# weights and MACs of every layer, by hand: VGG-16 at 224, AlexNet in two groups at 227, LeNet-5 of Caffe
VGG_CHANNELS = [(3, 64, 224), (64, 64, 224), (64, 128, 112), (128, 128, 112), (128, 256, 56), (256, 256, 56), (256, 256, 56),
                (256, 512, 28), (512, 512, 28), (512, 512, 28), (512, 512, 14), (512, 512, 14), (512, 512, 14)]  # fmt: skip
HEAD = [25088 * 4096, 4096 * 4096, 4096 * 1000]
WEIGHTS = {"vgg16": [9 * m * n for m, n, _ in VGG_CHANNELS] + HEAD}
MACS = {
    "vgg16": [9 * m * n * size * size for m, n, size in VGG_CHANNELS] + HEAD,
    "alexnet": [
        55 * 55 * 96 * 363,
        27 * 27 * 256 * 1200,
        169 * 384 * 2304,
        169 * 384 * 1728,
        169 * 256 * 1728,
        9216 * 4096,
        4096**2,
        4096000,
    ],
    "lenet_5_caffe": [24 * 24 * 20 * 25, 8 * 8 * 50 * 500, 800 * 500, 5000],
}


@pytest.mark.parametrize("name", sorted(MACS))
def test_flop_that_are_left(name: str) -> None:
    percent = han_2015.data()[name]["flop_percent"]
    wanted = sum(m * p for m, p in zip(MACS[name], percent, strict=True)) / sum(MACS[name])
    share, _ = han_2015.computed("flop_kept", name)
    assert 100 * float(share) == pytest.approx(wanted, rel=1e-6)


def test_weights_that_are_left() -> None:
    percent = han_2015.data()["vgg16"]["weights_percent"]
    wanted = sum(w * p for w, p in zip(WEIGHTS["vgg16"], percent, strict=True)) / 100
    kept, _ = han_2015.computed("weights_kept", "vgg16")
    assert wanted <= kept < wanted + 16, "rounded up a layer"


def test_activations_explain_the_flop() -> None:
    """The printed FLOP of VGG-16 are about weights times the activations of the layer before; weights alone leave 32.6 %."""
    totals = [cm.predict(han_2015.pruned("vgg16", inputs), cm.Hardware.load("pardhi").replace(skips_zeros=skips)).total
              for inputs, skips in (("activations", "both"), ("flop", "both"), ("flop", "weights"))]  # fmt: skip
    shares = [round(100 * t.macs_effective / t.macs, 1) for t in totals]
    assert shares == [20.7, 20.7, 32.6]


@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
@pytest.mark.parametrize("stage", deep_compression.STAGES)
def test_rates_a_layer(network: str, stage: str) -> None:
    """Convolutions within 4 % of the print; dense layers, whose shares are one or two digits ("4 %" is 3.5 to 4.5), within 15 %."""
    printed = dict(zip(deep_compression.data()[network]["layers"], deep_compression.data()[network][f"{stage}_percent"], strict=True))
    computed = deep_compression.rates(network, stage)
    for layer, rate in printed.items():
        assert 100 * computed[layer] == pytest.approx(rate, rel=0.04 if layer.startswith("conv") else 0.15), layer
    whole = deep_compression.data()[network]["totals"][f"{stage}_percent"]
    assert 100 * computed["total"] == pytest.approx(whole, rel=0.06)


@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
def test_printed_totals_lie_between_no_fillers_and_those_at_random_or_near(network: str) -> None:
    times = [1 / deep_compression.rates(network, fillers=fillers)["total"] for fillers in ("none", "expected")]
    printed = deep_compression.data()[network]["totals"]["times"]
    assert times[0] > printed > 0.93 * times[1]
    assert times[1] == pytest.approx(printed, rel=0.07)
