"""Rewrites that change channel counts, on networks of the zoo and on files."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import costmodel as cm
from costmodel.blocks import classifier, standard
from costmodel.zoo.resnet import REPEATS, _stages

L, R = cm.layers, cm.rewrites
NOT_LAST = lambda node: node.name != "conv_last"  # noqa: E731


def same(one, other) -> None:
    """To the last unit: MACs and parameters of every role, peak, traffic; and every node alike."""
    assert one.totals.parameters() == other.totals.parameters()
    a, b = cm.predict(one).total, cm.predict(other).total
    assert (a.macs, a.other_ops, a.peak_live_bytes, a.ddr_bytes) == (b.macs, b.other_ops, b.peak_live_bytes, b.ddr_bytes)
    assert [n.output_shapes for n in one.nodes.values()] == [n.output_shapes for n in other.nodes.values()]


# -- Width: the zoo has its own width multipliers


@pytest.mark.parametrize("alpha", [1, 0.75, 0.5, 0.25])
def test_mobilenet_v1_as_the_zoo_has_it(alpha) -> None:
    same(cm.zoo.mobilenet_v1().rewrite(R.Width(alpha)), cm.zoo.mobilenet_v1(alpha))
    same(cm.zoo.mobilenet_cifar().rewrite(R.Width(alpha)), cm.zoo.mobilenet_cifar(alpha))


def mobilenet_v2_width(alpha):
    """Section 4 of the paper: below 1 the last convolution keeps its 1280 channels; expansions are six times what they read."""
    return R.Width(alpha, 8, where=NOT_LAST if alpha < 1 else None, following=lambda n: is_expansion(n))


def is_expansion(node) -> bool:
    return node.variety() == "pointwise" and node.output_shapes[0][1] == 6 * node.input_shapes[0][1]


@pytest.mark.parametrize("alpha", [1.4, 1, 0.75, 0.5, 0.35])
def test_mobilenet_v2_with_its_rounding(alpha) -> None:
    same(cm.zoo.mobilenet_v2().rewrite(mobilenet_v2_width(alpha)), cm.zoo.mobilenet_v2(alpha))


def test_a_symbol_gives_the_zoo_its_closed_form() -> None:
    alpha = cm.symbols("alpha", multiple_of="1/32")
    widened, zoo = cm.zoo.mobilenet_v1().rewrite(R.Width(alpha)), cm.zoo.mobilenet_v1(alpha)
    assert list(widened.nodes.values()) == list(zoo.nodes.values())
    assert cm.evaluate(widened.macs, {alpha: 0.5}) == cm.zoo.mobilenet_v1(0.5).macs


def resnet50(channels, version="v1"):
    """Table 1 of He et al. with another number of channels in its stem and first stage."""
    x = standard(cm.Input((1, 3, 224, 224)), channels, 7, 2, name="conv1")
    x = L.MaxPool2d(3, 2, "same")(x, name="pool1")
    return cm.Network.of(classifier(_stages(x, REPEATS[50], channels, "projection", version), 1000), "resnet50")


@pytest.mark.parametrize("channels", [32, 48, 128])
def test_resnet_ties_its_sums_and_projections(channels) -> None:
    same(cm.zoo.resnet50().rewrite(R.Width(Fraction(channels, 64))), resnet50(channels))


def test_zeros_that_widen_a_shortcut_follow() -> None:
    """Identity shortcuts: 16 channels and 16 of zeros are added to 32; halved, 8 and 8 to 16."""
    half = cm.zoo.resnet20_cifar().rewrite(R.Width(0.5))
    assert half.nodes["stage2/block1/zeros"].layer.pads[1] == (0, 8)
    assert half.nodes["stage2/block1/conv2"].layer.out_channels == 16
    # weights are 3*3*in*out and 64*10 of the classifier: a quarter, but the stem reads 3 and the classifier gives 10
    before = cm.zoo.resnet20_cifar().totals.weights
    assert half.totals.weights == (before - 27 * 16 - 640) // 4 + 27 * 8 + 320


@pytest.mark.parametrize("name", sorted(cm.zoo.NETWORKS))
def test_doubled_and_halved_is_what_it_was(name: str) -> None:
    net = cm.zoo.build(name)
    assert net.rewrite(R.Width(1)) == net
    assert net.rewrite(R.KeepChannels(1.0)) == net
    doubled = net.rewrite(R.Width(2))
    assert doubled.macs > net.macs
    assert list(doubled.rewrite(R.Width(0.5)).nodes.values()) == list(net.nodes.values())
    assert [doubled.shape(ref) for ref in (*net.inputs, *net.outputs)] == [net.shape(ref) for ref in (*net.inputs, *net.outputs)]


def test_roundings() -> None:
    net = cm.sequential((1, 3, 8, 8), [L.Conv2d(30, 3), L.ReLU(), L.Conv2d(7, 1), L.GlobalAvgPool(), L.Flatten(), L.Dense(2)])

    def widths(*arguments):
        return [node.layer.out_channels for node in net.rewrite(R.Width(*arguments)).nodes.values() if node.layer.kind == "conv2d"]

    assert widths(0.25) == [7, 1]  # 7.5, 1.75
    assert widths(0.01) == [1, 1]  # never none
    assert widths(0.75, 8) == [24, 8]  # 22.5 is nearer to 24, 5.25 to 8
    assert widths(0.75, lambda scaled: -int(-scaled // 1)) == [23, 6]  # 22.5 and 5.25 up
    with pytest.raises(cm.errors.FieldError, match=r"leaves 7\.5 of 30 channels"):
        net.rewrite(R.Width(0.25, "exact"))
    for bad in (0, -1, float("nan"), "half", True):
        with pytest.raises(cm.errors.FieldError, match="multiplier"):
            R.Width(bad)
    with pytest.raises(cm.errors.FieldError, match="rounding"):
        R.Width(0.5, "ceiling")


def test_where_widens_some_layers_and_what_is_tied_to_them() -> None:
    x = cm.Input((1, 3, 8, 8))
    a = L.Conv2d(8, 3)(x, name="a")
    b = L.Conv2d(8, 3)(a, name="b")
    c = L.Conv2d(8, 3)(L.Add()(a, b), name="c")
    net = cm.Network.of(L.Dense(3)(L.Flatten()(L.GlobalAvgPool()(c)), name="fc")).rewrite(R.Width(0.5, where="b"))
    assert [net.nodes[name].layer.out_channels for name in "abc"] == [4, 4, 8]
    assert [(record.node, record.what, record.before, record.after) for record in net.changes.made] == [
        ("a", "channels, tied to b", 8, 4),
        ("b", "channels", 8, 4),
    ]
    assert net.changes.left == ()
    with pytest.raises(cm.errors.UnknownNameError, match="unknown layer 'conv_9'"):
        net.rewrite(R.Width(0.5, where="conv_9"))


def test_groups_divide_what_is_left() -> None:
    """Of 12 channels in 4 groups 0.6 leaves 7.2: 4 is what 4 divides."""
    net = cm.sequential((1, 3, 8, 8), [L.Conv2d(12, 1), L.Conv2d(24, 3, groups=4), L.GlobalAvgPool(), L.Flatten(), L.Dense(3)])
    narrow = net.rewrite(R.Width(0.6))
    assert [n.layer.out_channels for n in narrow.nodes.values() if n.layer.kind == "conv2d"] == [4, 12]  # 14.4


def test_depthwise_convolutions_written_with_groups_follow() -> None:
    net = cm.sequential((1, 3, 8, 8), [L.Conv2d(12, 1), L.Conv2d(24, 3, groups=12), L.GlobalAvgPool(), L.Flatten(), L.Dense(3)])
    assert net.rewrite(R.Width(0.5)).nodes["conv2d_2"].layer == L.Conv2d(12, 3, groups=6)


def test_what_cannot_be_followed_stays_and_says_why() -> None:
    x = cm.Input((1, 3, 8, 8))
    y = L.Conv2d(8, 1)(x, name="conv")
    z = L.Opaque("Mystery", ((1, 8, 8, 8),))(y, name="mystery")
    net = cm.Network.of(L.Dense(3)(L.Flatten()(z)))
    left = net.rewrite(R.Width(0.5)).changes.left
    assert [(record.node, record.why) for record in left] == [
        ("conv", "mystery (opaque) needs it"),
        ("dense_1", "the network returns it"),
    ]
    assert net.rewrite(R.Width(0.5)) == net


def test_a_new_kind_of_layer_needs_no_rule() -> None:
    """The analysis asks it with other sizes; one that mixes channels stays."""
    kinds = dict(cm.layers.LAYERS)

    class Keeps(L.Layer):
        kind = "test_keeps"

        def output_shape(self, *inputs):
            return inputs[0]

    class Squares(L.Layer):
        kind = "test_squares"

        def output_shape(self, *inputs):
            return *inputs[0][:1], inputs[0][1] ** 2, *inputs[0][2:]

    try:
        for layer, kept in ((Keeps(), 4), (Squares(), 8)):
            net = cm.sequential((1, 3, 4, 4), [L.Conv2d(8, 1), layer, L.GlobalAvgPool(), L.Flatten(), L.Dense(3)])
            assert net.rewrite(R.Width(0.5)).nodes["conv2d_1"].layer.out_channels == kept
    finally:
        for kind in cm.layers.LAYERS.keys() - kinds.keys():
            del cm.layers.LAYERS[kind]


def test_channels_last() -> None:
    """As TFLite files have them: a stored bias, a concatenation along the last axis, a flattening reshape."""

    def network(a, b):
        node = {"channels_last": True}
        nodes = [
            {"name": "x", "kind": "input", "fields": {"shape": [1, 8, 8, 3]}},
            {"name": "a", "kind": "conv2d", "fields": {"out_channels": a, "kernel_size": 3}, "inputs": ["x"], **node},
            {"name": "dw", "kind": "depthwise_conv2d", "fields": {"kernel_size": 3, "stride": 2}, "inputs": ["a"], **node},
            {"name": "b", "kind": "conv2d", "fields": {"out_channels": b, "kernel_size": 1}, "inputs": ["dw"], **node},
            {"name": "join", "kind": "concat", "fields": {"axis": 3}, "inputs": ["dw", "b"]},
            {"name": "shift", "kind": "add", "fields": {"constants": [[1, 1, 1, a + b]]}, "inputs": ["join"]},
            {"name": "flat", "kind": "reshape", "fields": {"shape": [1, 16 * (a + b)]}, "inputs": ["shift"]},
            {"name": "fc", "kind": "dense", "fields": {"out_features": 5}, "inputs": ["flat"]},
        ]
        return cm.Network.from_json(json.dumps({"schema": 1, "name": "last", "nodes": nodes, "outputs": ["fc"]}))

    halved = network(8, 12).rewrite(R.Width(0.5))
    assert list(halved.nodes.values()) == list(network(4, 6).nodes.values())


def test_attention_splits_and_heads() -> None:
    """Queries, keys and values from one dense layer; halving 24 features in 4 heads leaves 12 in 4 heads of 3."""

    def network(width):
        x = L.Dense(width)(cm.Input((1, 10, 6)), name="embed")
        x = L.Add(constants=((1, 10, width),))(x)
        q, k, v = L.Split(2, (width, width, width))(L.Dense(3 * width)(L.LayerNorm()(x), name="qkv"))
        heads = [L.Transpose((0, 2, 1, 3))(L.Reshape((1, 10, 4, width // 4))(t)) for t in (q, k, v)]
        scores = L.Softmax()(L.MatMul(transpose_second=True)(*heads[:2]))
        y = L.Reshape((1, 10, width))(L.Transpose((0, 2, 1, 3))(L.MatMul()(scores, heads[2])))
        x = L.Add()(x, L.Dense(width)(y, name="out"))
        return cm.Network.of(L.Dense(5)(L.Reduce("mean", (1,), keep=False)(x), name="fc"), "attention")

    assert list(network(24).rewrite(R.Width(0.5)).nodes.values()) == list(network(12).nodes.values())


def test_queries_keys_and_values_picked_from_one_tensor() -> None:
    """As PyTorch's attention has them: (length, 3, width), from which each is taken; then the class token alone."""

    def network(width):
        x = L.Dense(width)(cm.Input((10, 6)))
        y = L.Transpose((1, 0, 2))(L.Reshape((10, 3, width))(L.Dense(3 * width)(x)))
        q, k, v = [L.Rearrange("select", (10, width))(y) for _ in range(3)]
        y = L.MatMul()(L.Softmax()(L.MatMul(transpose_second=True)(q, k)), v)
        return cm.Network.of(L.Dense(5)(L.Rearrange("select", (width,))(L.Add()(x, y))))

    assert list(network(24).rewrite(R.Width(0.5)).nodes.values()) == list(network(12).nodes.values())


def test_recurrent_layers() -> None:
    def network(hidden):
        y, *_ = L.LSTM(hidden, directions=2)(cm.Input((5, 1, 7)))
        y = L.Reshape((5, 1, 2 * hidden))(L.Transpose((0, 2, 1, 3))(y))
        return cm.Network.of(L.Dense(3)(y))

    halved = network(16).rewrite(R.Width(0.5))
    assert list(halved.nodes.values()) == list(network(8).nodes.values())


def test_the_table_of_channels_that_go_together() -> None:
    table = R.Channels(cm.zoo.resnet18()).table
    stage1 = next(row for row in table.rows if "stage1/block1/conv2" in row["layers"])
    assert stage1["layers"] == ["conv1", "stage1/block1/conv2", "stage1/block2/conv2"]
    assert table.rows[-1] == {"channels": 1000, "layers": ["fc"], "step": 1, "fixed": "the network returns it"}


# -- the same on files


OPERATORS = {"relu": "Relu", "add": "Add", "flatten": "Flatten", "softmax": "Softmax", "global_avg_pool": "GlobalAveragePool"}


def write(network, path: Path) -> Path:
    """A network of the zoo as an ONNX file: names of nodes become names of tensors."""
    nodes, stored = [], []

    def weight(name, *shape):
        stored.append(helper.make_tensor(name, TensorProto.FLOAT, shape, np.zeros(shape, np.float32).tobytes(), raw=True))
        return name

    for node in network.nodes.values():
        layer, out, ins = node.layer, node.name, [ref.node for ref in node.inputs]
        x, y = (node.input_shapes or ((),))[0], node.output_shapes[0]
        match layer.kind:
            case "input":
                continue
            case "conv2d" | "depthwise_conv2d":
                groups = x[1] if layer.kind == "depthwise_conv2d" else layer.groups
                kernel, stride = layer.per_axis("kernel_size"), layer.per_axis("stride")
                pads = [max((o - 1) * s + k - n, 0) for o, s, k, n in zip(y[2:], stride, kernel, x[2:], strict=True)]
                ins.append(weight(f"{out}.w", y[1], x[1] // groups, *kernel))
                if layer.bias:
                    ins.append(weight(f"{out}.b", y[1]))
                sides = [p // 2 for p in pads] + [p - p // 2 for p in pads]
                nodes.append(helper.make_node("Conv", ins, [out], strides=stride, group=groups, pads=sides))
            case "batch_norm":
                nodes.append(helper.make_node("BatchNormalization", [*ins, *(weight(f"{out}.{i}", y[1]) for i in range(4))], [out]))
            case "dense":
                ins += [weight(f"{out}.w", y[1], x[1]), weight(f"{out}.b", y[1])]
                nodes.append(helper.make_node("Gemm", ins, [out], transB=1))
            case "relu6":
                for bound in (0.0, 6.0):
                    ins.append(f"{out}.{bound:g}")
                    stored.append(helper.make_tensor(ins[-1], TensorProto.FLOAT, [], [bound]))
                nodes.append(helper.make_node("Clip", ins, [out]))
            case kind:
                operator = {
                    "relu": "Relu",
                    "add": "Add",
                    "flatten": "Flatten",
                    "softmax": "Softmax",
                    "global_avg_pool2d": "GlobalAveragePool",
                }
                operator["global_avg_pool"] = "GlobalAveragePool"
                nodes.append(helper.make_node(operator[kind], ins, [out]))
    takes = [helper.make_tensor_value_info(r.node, TensorProto.FLOAT, network.shape(r)) for r in network.inputs]
    gives = [helper.make_tensor_value_info(r.node, TensorProto.FLOAT, None) for r in network.outputs]
    model = helper.make_model(helper.make_graph(nodes, "graph", takes, gives, stored), opset_imports=[helper.make_opsetid("", 17)])
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("onnx"), {}

    def read(name, **arguments):
        key = f"{name}{sorted(arguments.items())}"
        if key not in made:
            made[key] = cm.read(write(cm.zoo.build(name, **arguments), folder / "model.onnx"))
        return made[key]

    return read


@pytest.mark.parametrize("alpha", [0.75, 0.5, 0.25])
def test_a_file_of_mobilenet_v1(files, alpha) -> None:
    whole = files("mobilenet_v1", resolution=64)
    assert whole.macs == cm.zoo.mobilenet_v1(resolution=64).macs
    narrow = whole.rewrite(R.Width(alpha))
    same(narrow, files("mobilenet_v1", resolution=64, width_multiplier=alpha))
    assert [n.held for n in narrow.nodes.values()] == [
        n.held for n in files("mobilenet_v1", resolution=64, width_multiplier=alpha).nodes.values()
    ]
    assert narrow.macs == cm.zoo.mobilenet_v1(alpha, 64).macs


@pytest.mark.parametrize("alpha", [1.4, 0.75, 0.35])
def test_a_file_of_mobilenet_v2(files, alpha) -> None:
    def last(node):
        return node.name == "conv_last"

    width = R.Width(alpha, 8, where=(lambda node: not last(node)) if alpha < 1 else None, following=is_expansion)
    narrow = files("mobilenet_v2", resolution=64).rewrite(width)
    same(narrow, files("mobilenet_v2", resolution=64, width_multiplier=alpha))
    assert narrow.macs == cm.zoo.mobilenet_v2(alpha, 64).macs


def test_the_resnet_that_comes_with_onnx() -> None:
    path = Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx"
    if not path.exists():
        pytest.skip("this version of onnx does not ship it")
    net = cm.read(path)
    half, built = net.rewrite(R.Width(0.5)), resnet50(32, "v1.5")
    assert (half.macs, half.totals.weights, half.totals.norm_statistics) == (
        built.macs,
        built.totals.weights,
        built.totals.norm_statistics,
    )
    pruned, zoo = [n.rewrite(R.KeepChannels(0.7, where="standard")) for n in (net, cm.zoo.resnet50(version="v1.5"))]
    assert (pruned.macs, pruned.totals.weights) == (zoo.macs, zoo.totals.weights)


@pytest.mark.parametrize("name", ["shufflenet", "densenet121", "inception_v1", "squeezenet"])
def test_concatenations_and_shuffles_of_files(name: str) -> None:
    """Doubled, each layer but those at the ends has four times its weights; halved again it is what it was."""
    path = Path(onnx.__file__).parent / f"backend/test/data/light/light_{name}.onnx"
    if not path.exists():
        pytest.skip("this version of onnx does not ship it")
    net = cm.read(path)
    doubled = net.rewrite(R.Width(2))
    convolutions = [n.name for n in net.nodes.values() if n.variety() in ("standard", "pointwise", "grouped")]
    first, last = convolutions[0], convolutions[-1]
    for conv in convolutions[1:-1] if name != "squeezenet" else convolutions[1:-2]:
        assert doubled.counts[conv].weights == 4 * net.counts[conv].weights, (first, last)
    back = doubled.rewrite(R.Width(0.5))
    assert list(back.nodes.values()) == list(net.nodes.values())
    assert back.macs == net.macs


# -- KeepChannels


def test_pruning_takes_all_that_belongs_to_a_filter() -> None:
    """3x3 from 3 to 16 with norm, 3x3 to 32: of 16 filters 12 stay."""
    net = cm.sequential(
        (1, 3, 8, 8), [L.Conv2d(16, 3), L.BatchNorm(), L.ReLU(), L.Conv2d(32, 3), L.GlobalAvgPool(), L.Flatten(), L.Dense(5)]
    )
    pruned = net.rewrite(R.KeepChannels(0.75, where="conv2d_1"))
    t = pruned.totals
    assert (t.weights, t.biases) == (9 * 3 * 12 + 9 * 12 * 32 + 32 * 5, 12 + 32 + 5)
    assert (t.norm_affine, t.norm_statistics) == (2 * 12, 2 * 12)
    assert net.rewrite(R.KeepChannels(count=12, where="conv2d_1")).nodes == pruned.nodes
    assert net.rewrite(R.KeepChannels(count={"conv2d_1": 12})).nodes == pruned.nodes


def test_a_sum_prunes_both_its_sides() -> None:
    net = cm.zoo.resnet18().rewrite(R.KeepChannels(0.5, where="stage1/block1/conv2"))
    assert [net.nodes[n].layer.out_channels for n in ("conv1", "stage1/block1/conv1", "stage1/block2/conv2")] == [32, 64, 32]
    assert {record.what for record in net.changes.made} == {"channels", "channels, tied to stage1/block1/conv2"}


def test_shares_are_exact() -> None:
    """0.29 of 100 is 29, although 0.29 * 100 is 28.999... in floating point."""
    net = cm.sequential((1, 3, 4, 4), [L.Conv2d(100, 1), L.GlobalAvgPool(), L.Flatten(), L.Dense(5)])
    assert net.rewrite(R.KeepChannels(0.29)).nodes["conv2d_1"].layer.out_channels == 29


def test_pruning_that_is_refused_or_left() -> None:
    net = cm.zoo.resnet18()
    for bad in ({}, {"share": 0.5, "count": 3}):
        with pytest.raises(cm.errors.FieldError, match="one of them"):
            net.rewrite(R.KeepChannels(**bad))
    with pytest.raises(cm.errors.FieldError, match="at most 1"):
        R.KeepChannels(1.5)
    with pytest.raises(cm.errors.FieldError, match="at most 64, the channels of layer 'conv1'"):
        net.rewrite(R.KeepChannels(count=65, where="conv1"))
    with pytest.raises(cm.errors.FieldError, match="'conv1' and 'stage1/block1/conv2' have the same channels, of which 8 and 9"):
        net.rewrite(R.KeepChannels(count={"conv1": 8, "stage1/block1/conv2": 9}))
    with pytest.raises(cm.errors.FieldError, match="goes with one value"):
        net.rewrite(R.KeepChannels(share={"conv1": 0.5}, where="conv1"))
    left = cm.zoo.mobilenet_v1().rewrite(R.KeepChannels(0.5, where="block1/dw")).changes.left
    assert [(record.node, record.why) for record in left] == [("block1/dw", "its channels are those of what it reads")]
    assert net.rewrite(R.KeepChannels(0.5, where="fc")).changes.left[0].why == "the network returns it"


@pytest.mark.parametrize(
    ("rewrite", "message"),
    [
        (R.Width(0.5, where="conv1/act"), "picks no layers that choose their channels of network 'mobilenet_v1', but conv1/act"),
        (R.KeepChannels(0.5, where="relu"), "picks no layers with weights"),
        (R.Kernel(5, where="fc"), "picks no convolutions"),
        (R.Bottleneck(where="pool"), "picks no convolutions"),
    ],
)
def test_a_pattern_that_names_what_a_rewrite_is_not_for(rewrite, message) -> None:
    with pytest.raises(cm.errors.FieldError, match=message):
        cm.zoo.mobilenet_v1().rewrite(rewrite)


# -- Classes, Kernel, Bottleneck


@pytest.mark.parametrize("name", ["mobilenet_v1", "resnet50", "squeezenet_1_0", "vgg16", "inception_v3"])
def test_classes_as_the_zoo_has_them(name: str) -> None:
    assert cm.zoo.build(name).rewrite(R.Classes(10)).nodes == cm.zoo.build(name, classes=10).nodes


def test_classes_of_a_file(files) -> None:
    same(files("mobilenet_v1", resolution=64).rewrite(R.Classes(10)), files("mobilenet_v1", resolution=64, classes=10))


def test_a_network_without_classifier() -> None:
    net = cm.sequential((1, 3, 8, 8), [L.Conv2d(8, 3), L.ReLU()])
    with pytest.raises(cm.errors.NetworkError, match="has no classifier: relu_1"):
        net.rewrite(R.Classes(10))


@pytest.mark.parametrize(
    ("padding", "kernel", "after", "size"),
    [
        ("same", 3, "same", 5),
        ("valid", 3, "valid", 5),
        (1, 3, 2, 5),
        (((0, 1), (0, 1)), 3, ((1, 2), (1, 2)), 5),
        (((0, 1), (0, 1)), 5, 0, 4),
        (0, 3, 0, 5),
        ((2, 2), 5, 1, 3),
    ],
)
def test_kernels_keep_their_padding_in_kind(padding, kernel, after, size) -> None:
    net = cm.sequential((1, 3, 16, 16), [L.Conv2d(4, kernel, stride=2, padding=padding)])
    changed = net.rewrite(R.Kernel(size))
    layer = changed.nodes["conv2d_1"].layer
    assert (layer.kernel_size, layer.padding) == (size, after)
    if padding not in ("valid", 0):
        assert changed.nodes["conv2d_1"].output_shapes == net.nodes["conv2d_1"].output_shapes
    assert changed.totals.weights == size * size * 3 * 4


def test_kernels_of_some_layers(files) -> None:
    net = files("mobilenet_v1", resolution=64)
    five = net.rewrite(R.Kernel(5, where="depthwise"))
    depthwise = [n.name for n in net.nodes.values() if n.variety() == "depthwise"]
    assert len(depthwise) == 13
    assert all(five.counts[n].weights * 9 == net.counts[n].weights * 25 for n in depthwise)
    assert five.macs - net.macs == sum(net.counts[n].macs // 9 * 16 for n in depthwise)
    rows = cm.sequential((1, 3, 16, 16), [L.Conv2d(4, (1, 7)), L.Conv2d(4, 1)]).rewrite(R.Kernel(3))
    assert [n.layer.kernel_size for n in rows.nodes.values() if n.layer.kind == "conv2d"] == [(1, 3), 1]


def test_a_bottleneck_is_three_convolutions() -> None:
    conv = {"bias": False}
    net = cm.sequential(
        (1, 3, 8, 8), [L.Conv2d(64, 3, **conv), L.BatchNorm(), L.ReLU(), L.Conv2d(128, 3, stride=2, **conv), L.BatchNorm(), L.ReLU()]
    )
    found = net.rewrite(R.Bottleneck(4))
    steps = [L.Conv2d(64, 3, **conv), L.BatchNorm(), L.ReLU()]
    steps += [L.Conv2d(32, 1, **conv), L.BatchNorm(), L.ReLU(), L.Conv2d(32, 3, stride=2, **conv), L.BatchNorm(), L.ReLU()]
    steps += [L.Conv2d(128, 1, **conv), L.BatchNorm(), L.ReLU()]
    same(found, cm.sequential((1, 3, 8, 8), steps))
    assert [(record.node, record.why) for record in found.changes.left] == [
        ("conv2d_1", "it reads 3 channels, the bottleneck would have 16")
    ]
    assert list(found.nodes)[4:7] == ["conv2d_2/reduce", "conv2d_2/reduce/norm", "conv2d_2/reduce/act"]


# -- what every rewrite says of itself


def test_rewrites_compose_and_say_what_they_did(files) -> None:
    net = files("mobilenet_v1", resolution=64)
    rewritten = net.rewrite(R.Width(0.5), R.Classes(10), R.FoldNorm())
    same(rewritten, files("mobilenet_v1", resolution=64, width_multiplier=0.5, classes=10).rewrite(R.FoldNorm()))
    assert rewritten.assumptions[len(net.assumptions) :] == (
        "Width(multiplier=0.5)",
        "Classes(classes=10)",
        "batch norms folded into the layer before",
    )
    assert {record.rewrite for record in rewritten.changes} == {"Width", "Classes", "FoldNorm"}
    assert str(rewritten.changes).splitlines()[0].strip() == "Changes"
    assert rewritten.changes.table.notes == ("42 changed, 1 left alone",)  # 14 widths, the classes, 27 norms; the classes of Width
    assert "Width(multiplier=0.5)" in cm.predict(rewritten).assumptions["reading"]
    assert net.changes == (), "the network given stays as it is"


def test_a_node_may_become_a_chain() -> None:
    """A user's own rewrite: each standard convolution but the first becomes a separable block of the zoo's."""

    class Separable(R.Rewrite):
        where: R.Where = "standard"

        def apply(self, network):
            chosen = R.selected(network, self.where)

            def build(node):
                return lambda x: cm.blocks.depthwise_separable(
                    x, node.layer.out_channels, 3, node.layer.stride, name=node.name, norm=None, activation=None
                )

            return self.rebuilt(network, {name: build(node) for name, node in chosen.items() if name != "conv1"})

    net = cm.zoo.mobilenet_v1(variant="full").rewrite(Separable())
    separable = cm.zoo.mobilenet_v1()
    assert (net.macs, net.totals.weights) == (separable.macs, separable.totals.weights)
    assert net.nodes["block1/norm"].inputs[0].node == "block1/pw"
