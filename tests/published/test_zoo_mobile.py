"""Zoo networks against independent counts: runs of torchvision 0.29.2, Keras 3.15.1, pytorchcv 0.0.74 and timm 1.0.31, or arithmetic.

A count is MACs of convolutions and dense layers, weights, biases, gains and offsets of norms, their means and variances.
"""

import inspect

import pytest

import costmodel as cm

V15 = {"version": "v1.5"}
B = {"shortcut": "projection"}
CAFFE = {"resolution": 227, "conv10_padding": 0}

FRAMEWORKS = [
    # torchvision 0.29.2
    ("resnet18", {}, (1_814_073_344, 11_678_912, 1_000, 9_600, 9_600)),
    ("resnet34", {}, (3_663_761_408, 21_779_648, 1_000, 17_024, 17_024)),
    ("resnet50", V15, (4_089_184_256, 25_502_912, 1_000, 53_120, 53_120)),
    ("resnet101", V15, (7_801_405_440, 44_442_816, 1_000, 105_344, 105_344)),
    ("resnet152", V15, (11_513_626_624, 60_040_384, 1_000, 151_424, 151_424)),
    ("densenet121", {}, (2_834_161_664, 7_894_208, 1_000, 83_648, 83_648)),
    ("squeezenet_1_0", {"resolution": 224, "conv10_padding": 0}, (818_924_576, 1_244_448, 3_976, 0, 0)),
    ("squeezenet_1_0", CAFFE, (832_667_936, 1_244_448, 3_976, 0, 0)),
    ("squeezenet_1_1", {"resolution": 224}, (349_151_936, 1_231_552, 3_944, 0, 0)),
    ("mobilenet_v2", {}, (300_774_272, 3_469_760, 1_000, 34_112, 34_112)),
    ("mobilenet_v2", {"width_multiplier": 1.4}, (582_195_824, 6_059_840, 1_000, 47_936, 47_936)),
    ("mobilenet_v3_small", {}, (56_510_400, 2_525_832, 4_912, 12_112, 12_112)),
    ("mobilenet_v3_large", {}, (216_589_760, 5_451_272, 7_360, 24_400, 24_400)),
    ("efficientnet_b0", {}, (385_814_752, 5_236_192, 10_340, 42_016, 42_016)),
    # timm 1.0.31
    ("efficientnet_lite0", {}, (385_187_552, 4_608_992, 1_000, 42_016, 42_016)),
    # Keras 3.15.1
    ("mobilenet_v1", {}, (568_740_352, 4_209_088, 1_000, 21_888, 21_888)),
    ("mobilenet_v1", {"width_multiplier": 0.25, "resolution": 128}, (13_570_048, 463_600, 1_000, 5_472, 5_472)),
    ("mobilenet_v2", {"width_multiplier": 0.75}, (209_069_792, 2_608_784, 1_000, 26_640, 26_640)),
    ("mobilenet_v2", {"width_multiplier": 0.5}, (97_131_840, 1_949_136, 1_000, 18_544, 18_544)),
    ("mobilenet_v2", {"width_multiplier": 0.35}, (59_285_808, 1_662_048, 1_000, 14_080, 14_080)),
    # pytorchcv 0.0.74: its resnet50, not resnet50b, has stride in the first 1x1, the CIFAR networks have projections
    ("resnet50", {}, (3_857_973_248, 25_502_912, 1_000, 53_120, 53_120)),
    ("resnet101", {}, (7_570_194_432, 44_442_816, 1_000, 105_344, 105_344)),
    ("resnet152", {}, (11_282_415_616, 60_040_384, 1_000, 151_424, 151_424)),
    ("resnet20_cifar", B, (40_813_184, 270_896, 10, 1_568, 1_568)),
    ("resnet32_cifar", B, (69_124_736, 464_432, 10, 2_464, 2_464)),
    ("resnet44_cifar", B, (97_436_288, 657_968, 10, 3_360, 3_360)),
    ("resnet56_cifar", B, (125_747_840, 851_504, 10, 4_256, 4_256)),
    ("resnet110_cifar", B, (253_149_824, 1_722_416, 10, 8_288, 8_288)),
    ("shufflenet_v1", {"groups": 1}, (143_078_976, 1_516_248, 1_000, 14_688, 14_688)),
    ("shufflenet_v1", {"groups": 2}, (140_836_512, 1_712_448, 1_000, 20_400, 20_400)),
    ("shufflenet_v1", {"groups": 3}, (137_460_672, 1_840_248, 1_000, 24_480, 24_480)),
    ("shufflenet_v1", {"groups": 4}, (134_339_776, 1_939_600, 1_000, 27_744, 27_744)),
    ("shufflenet_v1", {"groups": 8}, (138_365_952, 2_394_600, 1_000, 39_168, 39_168)),
    ("shufflenet_v1", {"groups": 1, "scale": 0.75, "stem_channels": 18}, (82_542_672, 963_198, 1_000, 11_016, 11_016)),
    ("shufflenet_v1", {"scale": 0.5, "stem_channels": 12}, (37_589_856, 705_084, 1_000, 12_240, 12_240)),
    ("shufflenet_v1", {"scale": 0.25, "stem_channels": 6}, (11_009_808, 298_782, 1_000, 6_120, 6_120)),
    ("nin_cifar10", {}, (222_486_528, 965_568, 1_418, 0, 0)),
]  # fmt: skip


def counts(net: cm.Network) -> tuple[int, ...]:
    t = net.totals
    return t.macs, t.weights, t.biases, t.norm_affine, t.norm_statistics


@pytest.mark.parametrize(("name", "arguments", "expected"), FRAMEWORKS)
def test_counts_of_frameworks(name: str, arguments: dict, expected: tuple[int, ...]) -> None:
    net = cm.zoo.build(name, **arguments)
    assert counts(net) == expected
    assert all(type(n) is int for n in counts(net))


# Counts by hand: in each row the layers as (positions, taps, inputs, outputs), MACs = their product, weights = taps * inputs * outputs


def by_hand(layers: list[tuple[int, int, int, int]]) -> tuple[int, int]:
    return sum(p * k * c * n for p, k, c, n in layers), sum(k * c * n for _, k, c, n in layers)


V1_BLOCKS = [(112, 32, 64), (56, 64, 128), (56, 128, 128), (28, 128, 256), (28, 256, 256), (14, 256, 512)]
V1_BLOCKS += [(14, 512, 512)] * 5 + [(7, 512, 1024), (7, 1024, 1024)]
"""Output size, inputs, outputs of the blocks of MobileNet v1."""


def test_mobilenet_v1_full() -> None:
    """MobileNets, Table 4, "Conv MobileNet": 4866 M without the classifier, 29.3 M."""
    macs, weights = by_hand([(112**2, 9, 3, 32), *[(r * r, 9, c, n) for r, c, n in V1_BLOCKS], (1, 1, 1024, 1000)])
    net = cm.zoo.mobilenet_v1(variant="full")
    assert (net.macs, net.totals.weights) == (macs, weights) == (4_867_293_184, 29_281_120)
    assert round((macs - 1_024_000) / 1e6) == 4866
    assert round(weights / 1e6, 1) == 29.3


def test_mobilenet_v1_shallow() -> None:
    """MobileNets, Table 5, "Shallow MobileNet": 307 M, 2.9 M; each left-out block has 14*14*512 * (9 + 512) MACs."""
    net = cm.zoo.mobilenet_v1(variant="shallow")
    assert net.macs == 568_740_352 - 5 * 14 * 14 * 512 * (9 + 512) == 307_323_392
    assert net.totals.weights == 4_209_088 - 5 * 512 * (9 + 512) == 2_875_328


def test_mobilenet_v2_expanding_first() -> None:
    """The literal first row has a 1x1 convolution 32 -> 32 at 112x112 more; pytorchcv's mobilenetv2_w1 has 313,619,328 MACs."""
    net = cm.zoo.mobilenet_v2(expand_first=True)
    assert net.macs == 300_774_272 + 112 * 112 * 32 * 32 == 313_619_328
    assert net.totals.weights == 3_469_760 + 32 * 32


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [(32 * 1.4, 48), (24 * 1.4, 32), (16 * 0.35, 8), (32 * 0.35, 16), (96 * 0.75, 72), (24, 24), (3, 8), (20, 24), (18, 24)],
)
def test_make_divisible(channels: float, rounded: int) -> None:
    """By hand: nearest multiples 48, 32, 8, 8 (below 0.9*11.2 = 10.08: 16), 72, 24, at least 8, 24 (half goes up), 16 (below 16.2: 24)."""
    from costmodel.formulas.rounding import make_divisible

    assert make_divisible(channels) == rounded
    assert type(make_divisible(channels)) is int


def test_resnet34_identity() -> None:
    """Without its projections 64*128 at 28x28, 128*256 at 14x14, 256*512 at 7x7. Li et al., arXiv:1608.08710, Table 1: 3.64e9, 21.6 M."""
    net = cm.zoo.resnet34(shortcut="identity")
    projections = [(28**2, 1, 64, 128), (14**2, 1, 128, 256), (7**2, 1, 256, 512)]
    macs, weights = by_hand(projections)
    assert (net.macs, net.totals.weights) == (3_663_761_408 - macs, 21_779_648 - weights) == (3_644_493_824, 21_607_616)
    assert net.totals.norm_affine == 17_024 - 2 * (128 + 256 + 512)


def test_resnet50_identity() -> None:
    """Without 64*256 at 56x56, 256*512 at 28x28, 512*1024 at 14x14, 1024*2048 at 7x7."""
    net = cm.zoo.resnet50(shortcut="identity")
    macs, weights = by_hand([(56**2, 1, 64, 256), (28**2, 1, 256, 512), (14**2, 1, 512, 1024), (7**2, 1, 1024, 2048)])
    assert (net.macs, net.totals.weights) == (3_857_973_248 - macs, 25_502_912 - weights)


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_resnet_cifar_identity(depth: int) -> None:
    """Section 4.2: 6n + 2 layers; option A has no parameters. ResNet-56: 125 M, 0.85 M in Li et al., arXiv:1608.08710, Table 1."""
    n = (depth - 2) // 6
    layers = [(32**2, 9, 3, 16), *[(32**2, 9, 16, 16)] * 2 * n]
    layers += [(16**2, 9, 16, 32), *[(16**2, 9, 32, 32)] * (2 * n - 1), (8**2, 9, 32, 64), *[(8**2, 9, 64, 64)] * (2 * n - 1)]
    assert len(layers) + 1 == depth
    macs, weights = by_hand([*layers, (1, 1, 64, 10)])
    norms = 2 * sum(out for *_, out in layers)
    assert counts(cm.zoo.build(f"resnet{depth}_cifar")) == (macs, weights, 10, norms, norms)


def test_resnet20_cifar_identity_by_number() -> None:
    """40,813,184 and 270,896 of pytorchcv less its projections 16*32 at 16x16 and 32*64 at 8x8."""
    t = cm.zoo.resnet20_cifar().totals
    assert (t.macs, t.weights) == (40_813_184 - 512 * 256 - 2048 * 64, 270_896 - 512 - 2048) == (40_551_040, 268_336)


@pytest.mark.parametrize(("groups", "millions"), [(1, 143), (2, 140), (3, 137), (4, 133), (8, 137)])
def test_shufflenet_table_1(groups: int, millions: int) -> None:
    """Table 1 of the paper: million multiply-adds without the classifier."""
    net = cm.zoo.shufflenet_v1(groups)
    assert round((net.macs - net.counts["fc"].macs) / 1e6) == millions


@pytest.mark.parametrize(
    ("groups", "scale", "stem", "millions", "parameters"),
    [(3, 1.5, 24, 292, 3.4), (3, 2, 48, 524, 5.4), (8, 1.5, 24, 290, 4.3), (8, 2, 48, 522, 6.5)],
)
def test_shufflenet_readme(groups: int, scale: float, stem: int, millions: int, parameters: float) -> None:
    """Megvii's README: with the classifier; at 8 groups gains and offsets count among the parameters."""
    t = cm.zoo.shufflenet_v1(groups, scale, stem_channels=stem).totals
    assert round(t.macs / 1e6) == millions
    assert round((t.weights + (t.norm_affine if groups == 8 else 0)) / 1e6, 1) == parameters


def test_squeezenet_published() -> None:
    """Released Caffe model: conv10 is padded to 15x15, (15^2 - 13^2) * 512 * 1000 MACs more; MobileNets Table 9: 1700 M at 2 a MAC."""
    net = cm.zoo.squeezenet_1_0()
    assert net.macs == 832_667_936 + (15**2 - 13**2) * 512 * 1000 == 861_339_936
    assert net.parameters["trainable"] == 1_248_424


def test_squeezenet_floor_pooling() -> None:
    """At 224 without overhang: maps of 109, 54, 26 and 12 rows instead of 109, 54, 27 and 13."""
    net = cm.zoo.squeezenet_1_0(224, ceil_mode=False)
    assert [net.nodes[n].output_shapes[0][-1] for n in ("conv1", "pool1", "pool4", "pool8", "conv10")] == [109, 54, 26, 12, 14]


def test_nin_imagenet() -> None:
    """Caffe zoo: 7,595,176 parameters, 29 MiB; maps of 54, 27, 13 and 6 rows at 224 (by hand, pooling with overhang)."""
    layers = [(54**2, 121, 3, 96), *[(54**2, 1, 96, 96)] * 2, (27**2, 25, 96, 256), *[(27**2, 1, 256, 256)] * 2]
    layers += [(13**2, 9, 256, 384), *[(13**2, 1, 384, 384)] * 2, (6**2, 9, 384, 1024), (6**2, 1, 1024, 1024), (6**2, 1, 1024, 1000)]
    net = cm.zoo.nin_imagenet()
    assert (net.macs, net.totals.weights) == by_hand(layers) == (1_100_188_800, 7_589_920)
    assert net.parameters["trainable"] == 7_595_176
    assert round(cm.zoo.nin_imagenet(227).macs / 1e6) == 1106


def test_ds_cnn_kws() -> None:
    """By hand; the Keras code of the reference model gives every convolution biases beside its norm."""
    macs, weights = by_hand([(25 * 5, 40, 1, 64), *[(25 * 5, 9, 1, 64), (25 * 5, 1, 64, 64)] * 4, (1, 1, 64, 12)])
    net = cm.zoo.ds_cnn_kws()
    assert counts(net) == (macs, weights, 9 * 64 + 12, 9 * 128, 9 * 128)
    assert (macs, net.parameters["all"]) == (2_656_768, 24_908)


def test_mobilenet_v1_vww() -> None:
    """By hand; the Keras code of the reference model gives every convolution biases beside its norm."""
    blocks = [(r * 96 // 224, c // 4, n // 4) for r, c, n in V1_BLOCKS]
    layers = [(48**2, 9, 3, 8)] + [row for r, c, n in blocks for row in ((r * r, 9, 1, c), (r * r, 1, c, n))]
    channels = 8 + sum(c + n for _, c, n in blocks)
    net = cm.zoo.mobilenet_v1_vww()
    macs, weights = by_hand([*layers, (1, 1, 256, 2)])
    assert counts(net) == (macs, weights, channels + 2, 2 * channels, 2 * channels)
    assert (macs, net.parameters["all"]) == (7_489_664, 221_794)


def test_resnet8_cifar() -> None:
    """By hand after keras_model.py of mlcommons/tiny: biases beside the norms, none of which follows a shortcut."""
    normed = [(32**2, 9, 3, 16), *[(32**2, 9, 16, 16)] * 2, (16**2, 9, 16, 32), (16**2, 9, 32, 32), (8**2, 9, 32, 64), (8**2, 9, 64, 64)]
    bare = [(16**2, 1, 16, 32), (8**2, 1, 32, 64), (1, 1, 64, 10)]
    net = cm.zoo.resnet8_cifar()
    macs, weights = by_hand(normed + bare)
    norms = 2 * sum(n for *_, n in normed)
    assert counts(net) == (macs, weights, norms // 2 + 32 + 64 + 10, norms, norms)
    assert (macs, net.parameters["all"]) == (12_501_632, 78_666)


def test_autoencoder_ad() -> None:
    """By hand: dense layers with biases, a norm after each but the last."""
    net = cm.zoo.autoencoder_ad()
    weights = 2 * 640 * 128 + 6 * 128 * 128 + 2 * 128 * 8
    assert counts(net) == (weights, weights, 8 * 128 + 8 + 640, 2 * (8 * 128 + 8), 2 * (8 * 128 + 8))
    assert net.parameters["all"] == 269_992


def test_lenet_of_han() -> None:
    """Han et al., arXiv:1506.02626, Tables 1 to 3: 267K and 431K parameters; 4586K FLOP, two a MAC."""
    assert counts(cm.zoo.lenet_300_100()) == (266_200, 266_200, 410, 0, 0)
    macs, weights = by_hand([(24**2, 25, 1, 20), (8**2, 25, 20, 50), (1, 1, 800, 500), (1, 1, 500, 10)])
    assert counts(cm.zoo.lenet_5_caffe()) == (macs, weights, 20 + 50 + 500 + 10, 0, 0)
    assert 2 * macs == 4_586_000


PARAMETERS_1998 = {"C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164}
CONNECTIONS_1998 = {"C1": 122_304, "S2": 5_880, "C3": 151_600, "S4": 2_000, "C5": 48_120, "F6": 10_164, "output": 840}


def test_lenet_5_1998() -> None:
    """LeCun et al., 1998, section II-B: parameters and connections of each layer, 60,000 and 340,908 in all (RBF units: 84*10)."""
    net = cm.zoo.lenet_5_1998()
    parameters, connections = dict.fromkeys(CONNECTIONS_1998, 0), dict.fromkeys(CONNECTIONS_1998, 0)
    for name, c in net.counts.items():
        if (layer := name.split("/")[0]) not in connections:
            continue
        parameters[layer] += c.trainable
        is_coefficient = net.nodes[name].layer.kind == "depthwise_conv2d"  # a coefficient is no connection, the four inputs are
        connections[layer] += (0 if is_coefficient else c.macs) + sum(n for step, n in c.other if step in ("bias_add", "average"))
    assert parameters == PARAMETERS_1998 | {"output": 0}
    assert connections == CONNECTIONS_1998
    assert (net.parameters["trainable"], sum(connections.values())) == (60_000, 340_908)


def test_lenet_5_1998_with_full_c3() -> None:
    """16 maps times 6 instead of the table's 60 pairs: 36 * 25 weights, each at 10x10 positions."""
    full, table = cm.zoo.lenet_5_1998(full_c3=True), cm.zoo.lenet_5_1998()
    assert full.totals.weights - table.totals.weights == 36 * 25
    assert full.macs - table.macs == 36 * 25 * 100


def test_batch_norm_statistics_follow_the_convolutions() -> None:
    """DenseNet norms its inputs: block by block, 64+32i and 128 channels at layer i."""
    channels, norms = 64, 64
    for block, layers in enumerate((6, 12, 24, 16)):
        for _ in range(layers):
            norms += channels + 128
            channels += 32
        norms += channels
        channels //= 2 if block < 3 else 1
    assert cm.zoo.densenet121().totals.norm_statistics == 2 * norms == 83_648


MINE = [
    *(f"resnet{d}" for d in (18, 34, 50, 101, 152)),
    *(f"resnet{d}_cifar" for d in (20, 32, 44, 56, 110)),
    *("densenet121", "squeezenet_1_0", "squeezenet_1_1", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
    *("shufflenet_v1", "efficientnet_b0", "efficientnet_lite0", "lenet_300_100", "lenet_5_caffe", "lenet_5_1998", "nin_imagenet"),
    *("nin_cifar10", "ds_cnn_kws", "mobilenet_v1_vww", "resnet8_cifar", "autoencoder_ad"),
]

# Two values for every argument that may be a symbol of whole numbers
POINTS = {
    "resolution": (96, 227),
    "classes": (2, 1000),
    "batch": (1, 7),
    "inputs": (640, 784),
    "growth_rate": (32, 12),
    "channels": (16, 64),
    "hidden": (128, 96),
    "code": (8, 4),
    "frames": (49, 98),
    "features": (10, 40),
    "stem_channels": (24, 48),
    "conv10_padding": (1, 2),
}
ONE_BY_ONE = [(name, key) for name in MINE for key in inspect.signature(cm.zoo.NETWORKS[name]).parameters if key in POINTS]


@pytest.mark.parametrize(("name", "argument"), ONE_BY_ONE)
def test_closed_forms(name: str, argument: str) -> None:
    """A symbol for one argument, all counts at two values."""
    symbol = cm.symbols("n", integer=True)
    form = counts(cm.zoo.build(name, **{argument: symbol}))
    for value in POINTS[argument]:
        assert tuple(cm.evaluate(f, {symbol: value}) for f in form) == counts(cm.zoo.build(name, **{argument: value}))


@pytest.mark.parametrize("name", [n for n in MINE if "resolution" in inspect.signature(cm.zoo.NETWORKS[n]).parameters])
def test_closed_forms_in_a_stepped_resolution(name: str) -> None:
    """Where a resolution is a multiple of 32 no rounding is left in a network of SAME padding."""
    r = cm.symbols("R", multiple_of=32)
    form = cm.zoo.build(name, resolution=r).macs
    for value in (96, 224, 256):
        assert cm.evaluate(form, {r: value}) == cm.zoo.build(name, resolution=value).macs
    if not name.startswith(("squeezenet", "nin", "lenet")):
        assert "floor" not in str(form)
        assert "ceiling" not in str(form)


@pytest.mark.parametrize(
    ("name", "argument", "widths"),
    [
        ("mobilenet_v1", "width_multiplier", (0.25, 1, 1.5)),
        ("mobilenet_v1_vww", "width_multiplier", (0.25, 1)),
        ("mobilenet_v2", "width_multiplier", (0.25, 0.75, 1, 1.5)),
        ("mobilenet_v3_small", "width_multiplier", (0.75, 1, 1.25)),
        ("mobilenet_v3_large", "width_multiplier", (0.75, 1, 1.25)),
        ("shufflenet_v1", "scale", (0.5, 1, 1.5)),
    ],
)
@pytest.mark.parametrize("step", [None, "1/4"])
def test_closed_forms_in_width_and_resolution(name: str, argument: str, widths: tuple[float, ...], step: str | None) -> None:
    alpha, r = cm.symbols("alpha", multiple_of=step), cm.symbols("R", multiple_of=32)
    form = counts(cm.zoo.build(name, **{argument: alpha}, resolution=r))
    for width in widths:
        for size in (96, 224):
            exact = counts(cm.zoo.build(name, **{argument: width}, resolution=size))
            assert tuple(cm.evaluate(f, {alpha: width, r: size}) for f in form) == exact


@pytest.mark.parametrize("name", MINE)
def test_predicts_and_has_names(name: str) -> None:
    net = cm.zoo.build(name)
    assert net.name == name
    assert cm.predict(net, "pardhi").total.ddr_bytes > 0
    assert not [n.name for n in net.nodes.values() if n.name.startswith(f"{n.layer.kind}_")], "layers without a name of their own"
    assert cm.Network.from_json(net.to_json()) == net


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("mobilenet_v1", {"variant": "deep"}, "separable"),
        ("resnet50", {"version": "v2"}, "v1.5"),
        ("resnet18", {"shortcut": "long"}, "identity"),
        ("shufflenet_v1", {"groups": 5}, "1, 2, 3, 4, 8"),
        ("shufflenet_v1", {"scale": -1}, "scale"),
        ("mobilenet_v2", {"width_multiplier": 0}, "width_multiplier"),
    ],
)
def test_bad_arguments(name: str, arguments: dict, message: str) -> None:
    with pytest.raises(cm.CostModelError, match=message):
        cm.zoo.build(name, **arguments)
