"""Other pictures, other heads, layers that come and go."""

import json
from pathlib import Path

import pytest
from onnx_files import write

import costmodel as cm

L, R = cm.layers, cm.rewrites
SIZED = ["alexnet", "densenet121", "inception_v3", "mobilenet_v2", "mobilenet_v3_large", "resnet50", "squeezenet_1_1", "vgg16"]


@pytest.mark.parametrize("name", [name for name in SIZED if name in cm.zoo.NETWORKS])
def test_a_resolution_is_that_of_the_builder(name: str) -> None:
    net = cm.zoo.build(name)
    made = net.rewrite(R.Resolution(256, regrow=True))
    wanted = cm.zoo.build(name, resolution=256)
    assert made.totals == wanted.totals
    assert made.nodes == wanted.nodes
    assert cm.zoo.build(name, resolution=256).rewrite(R.Resolution(net.shape(net.inputs[0])[2], regrow=True)).nodes == net.nodes


def test_height_and_width_differ() -> None:
    made = cm.zoo.mobilenet_v1().rewrite(R.Resolution(96, 160))
    # height and width stay multiples of 32: every map has (96 * 160) / 224^2 of its places, the classifier its 1,024,000 MACs
    assert (made.macs - 1_024_000) * 224 * 224 == (cm.zoo.mobilenet_v1().macs - 1_024_000) * 96 * 160


def test_a_symbolic_resolution() -> None:
    rows = cm.symbols("R", multiple_of=32)
    made = cm.zoo.mobilenet_v1().rewrite(R.Resolution(rows))
    assert made.macs.expand() == cm.zoo.mobilenet_v1(resolution=rows).macs.expand()


def test_dense_heads_are_refused_unless_they_may_grow() -> None:
    # VGG-16 at 192: maps of 6x6 in place of 7x7; 6*6*512*4096 = 75,497,472
    with pytest.raises(cm.errors.NetworkError, match=r"'fc6' \(dense\) 75497472 weights instead of 102760448.*GlobalPooling.*regrow"):
        cm.zoo.vgg16().rewrite(R.Resolution(192))
    grown = cm.zoo.vgg16().rewrite(R.Resolution(192, regrow=True))
    assert ("fc6", "weights", 102_760_448, 75_497_472) in [(c.node, c.what, c.before, c.after) for c in grown.changes.made]


def test_a_batch_is_that_of_the_builder() -> None:
    for name in ("mobilenet_v1", "densenet121", "shufflenet_v1", "nasnet_a_mobile", "googlenet"):
        if name in cm.zoo.NETWORKS:
            assert cm.zoo.build(name).rewrite(R.Batch(6)).nodes == cm.zoo.build(name, batch=6).nodes


@pytest.mark.parametrize("flatten", ["Flatten", "Reshape"])
def test_files_with_fixed_sizes_follow(tmp_path: Path, flatten: str) -> None:
    """A Reshape to (1, 1024), or (1, 25088), has its sizes written down."""
    net = cm.read(write(cm.zoo.mobilenet_v1(), tmp_path / "mobilenet.onnx", flatten))
    assert net.rewrite(R.Batch(5)).macs == 5 * net.macs
    assert net.rewrite(R.Batch(5)).parameters == net.parameters
    assert net.rewrite(R.Resolution(160)).totals == cm.zoo.mobilenet_v1(resolution=160).totals
    head = cm.zoo.build("lenet_5_caffe")
    file = cm.read(write(head, tmp_path / "lenet.onnx", flatten))
    assert file.rewrite(R.Resolution(36, regrow=True)).totals == cm.zoo.lenet_5_caffe(resolution=36).totals
    assert file.rewrite(R.Batch(3), R.Resolution(36, regrow=True)).macs == 3 * cm.zoo.lenet_5_caffe(resolution=36).macs
    with pytest.raises(cm.errors.NetworkError, match="regrow"):
        file.rewrite(R.Resolution(36))


def test_reshapes_that_leave_it_open_are_refused_by_name() -> None:
    x = cm.Input((1, 8, 6, 6))
    net = cm.Network.of(L.Reshape((1, 72, 4))(x, name="patches"))
    # 6*6 = 36 divides 72 alone, so 8x8 makes it 128; 4 rows stay
    assert net.rewrite(R.Resolution(8)).shape(net.outputs[0]) == (1, 128, 4)
    with pytest.raises(cm.errors.NetworkError, match=r"'folded'.*not plain"):
        cm.Network.of(L.Reshape((1, 36, 4, 72))(cm.Input((1, 288, 6, 6)), name="folded")).rewrite(R.Resolution(8))
    cut = cm.Network.of(L.Rearrange("slice", (1, 8, 5, 5))(x, name="cut"))
    with pytest.raises(cm.errors.NetworkError, match=r"'cut'.*slice makes 5 of 6"):
        cut.rewrite(R.Resolution(8))


def test_resizes_keep_their_factor() -> None:
    net = cm.Network.of(L.Resize((1, 8, 12, 12))(cm.Input((1, 8, 6, 6))))
    assert net.rewrite(R.Resolution(10)).shape(net.outputs[0]) == (1, 8, 20, 20)
    assert net.rewrite(R.Batch(4)).shape(net.outputs[0]) == (4, 8, 12, 12)


def test_inputs_that_are_no_pictures_stay() -> None:
    made = cm.zoo.lenet_5_1998().rewrite(R.Batch(2))
    assert [(r.node, r.why) for r in made.changes.left] == [("codes", "the first axis of its shape (84, 10) is not the batch of 1")]
    assert made.macs == 2 * cm.zoo.lenet_5_1998().macs
    assert cm.zoo.lenet_300_100().rewrite(R.Resolution(64)).nodes == cm.zoo.lenet_300_100().nodes


def test_a_pooled_head_takes_pictures_of_any_size() -> None:
    net = cm.zoo.vgg16().rewrite(R.GlobalPooling())
    # 14,710,464 weights of 13 convolutions (conventions: 138,357,544 - 123,642,856 = 14,714,688 with biases, 4,224 of them), 512 * 1000
    assert net.parameters["weights"] == 14_710_464 + 512_000
    for size in (64, 128, 320):
        assert net.rewrite(R.Resolution(size)).parameters == net.parameters
    kept = cm.zoo.vgg16().rewrite(R.GlobalPooling(hidden=True))
    assert kept.parameters["weights"] == 14_710_464 + 512 * 4096 + 4096 * 4096 + 4096 * 1000
    assert "fc7" not in net.nodes
    assert "fc7" in kept.nodes
    left = cm.zoo.mobilenet_v1().rewrite(R.GlobalPooling())
    assert [(r.node, r.why) for r in left.changes.left] == [("flatten", "its map has one place")]


def test_pooled_heads_of_files(tmp_path: Path) -> None:
    file = cm.read(write(cm.zoo.lenet_5_caffe(), tmp_path / "lenet.onnx", "Reshape"))
    made = file.rewrite(R.GlobalPooling())
    # 20*25 and 50*20*25 of the convolutions, 50 * 10 of the classifier
    assert made.parameters["weights"] == 500 + 25_000 + 500
    assert made.rewrite(R.Resolution(64)).parameters == made.parameters


def test_dropping_layers_drops_what_nothing_reads() -> None:
    x = cm.Input((1, 8, 4, 4))
    y = L.Conv2d(8, 3)(x, name="main")
    side = L.Conv2d(8, 1)(x, name="side")
    net = cm.Network.of(L.Add()(y, side, name="sum"))
    made = net.rewrite(R.Drop("sum"))
    assert list(made.nodes) == ["input", "main"]
    assert [(c.node, c.after) for c in made.changes.made] == [("sum", None), ("side", "gone: nothing reads it any more")]
    with pytest.raises(cm.errors.FieldError, match="input can't be left out"):
        net.rewrite(R.Drop("input"))
    with pytest.raises(cm.errors.ShapeError, match="layer 'main'"):
        net.rewrite(R.Insert(L.Flatten(), after="input"))


def test_inserted_layers_are_read_in_place_of_what_they_stand_behind() -> None:
    net = cm.zoo.mobilenet_v1()
    made = net.rewrite(R.Insert(L.Conv2d(16, 1, bias=False), after="conv1/act", name="squeeze"))
    assert made.nodes["block1/dw"].input_shapes == ((1, 16, 112, 112),)
    # 112*112*16*32 more; block1 with 16 for 32 channels: 112*112*(9 + 64)*16 less
    assert made.macs == net.macs + 112 * 112 * 16 * 32 - 112 * 112 * 73 * 16
    both = net.rewrite(R.Insert(L.Dropout(), after="*/act"))
    assert len(both.changes.made) == 27
    assert cm.predict(both).total.ddr_bytes == cm.predict(net).total.ddr_bytes
    last = net.rewrite(R.Insert(L.Identity(), after="softmax"))
    assert last.outputs[0].node == "softmax/identity"
    with pytest.raises(cm.errors.FieldError, match="must be a layer"):
        R.Insert("relu", after="conv1")


def test_there_and_back() -> None:
    net = cm.zoo.resnet50()
    assert net.rewrite(R.Insert(L.ReLU(), after="pool*", name="more"), R.Drop("more*")).nodes == net.nodes


def test_absorbed_activations_write_nothing_between() -> None:
    net = cm.zoo.resnet50()
    fused = net.rewrite(R.FuseActivations())
    before, after = cm.predict(net, traffic="compulsory").total, cm.predict(fused, traffic="compulsory").total
    # 16 sums, each followed by a ReLU that read and wrote it: 3 of 56x56x256, 4 of 28x28x512, 6 of 14x14x1024, 3 of 7x7x2048
    moved = 2 * (3 * 56 * 56 * 256 + 4 * 28 * 28 * 512 + 6 * 14 * 14 * 1024 + 3 * 7 * 7 * 2048)
    assert before.ddr_bytes - after.ddr_bytes == moved
    assert (before.macs, before.other_ops) == (after.macs, after.other_ops)
    assert cm.Network.from_json(fused.to_json()) == fused
    alone = cm.predict(fused, fuse_epilogues=False)
    assert len(cm.predict(net, fuse_epilogues=False).rows) - len(alone.rows) == 49, "all 49 ReLUs, whatever stands before them"


def test_activations_whose_input_others_read_stay() -> None:
    y = L.Conv2d(4, 1)(cm.Input((1, 4, 8, 8)), name="conv")
    net = cm.Network.of(L.Add()(L.ReLU()(y, name="act"), y))
    made = net.rewrite(R.FuseActivations())
    assert made.nodes == net.nodes
    assert [(r.node, r.why) for r in made.changes.left] == [("act", "others read 'conv' too")]


def test_maps_with_their_channels_last(tmp_path: Path) -> None:
    """As TFLite and Keras have them: a map of 16x16 with 20 channels before a reshape to fixed sizes."""
    conv = {"kernel_size": 3, "bias": False}
    nodes = [
        {"name": "x", "kind": "input", "fields": {"shape": [1, 32, 32, 3]}},
        {"name": "c", "kind": "conv2d", "fields": conv | {"out_channels": 8}, "inputs": ["x"], "channels_last": True},
        {"name": "d", "kind": "conv2d", "fields": conv | {"out_channels": 20, "stride": 2}, "inputs": ["c"], "channels_last": True},
        {"name": "r", "kind": "relu", "inputs": ["d"]},
        {"name": "f", "kind": "reshape", "fields": {"shape": [1, 16 * 16 * 20]}, "inputs": ["r"]},
        {"name": "y", "kind": "dense", "fields": {"out_features": 10}, "inputs": ["f"]},
    ]
    net = cm.Network.from_json(json.dumps({"schema": 1, "name": "last", "nodes": nodes, "outputs": ["y"]}))
    pooled = net.rewrite(R.GlobalPooling())
    assert pooled.counts["y"].weights == 20 * 10
    assert pooled.rewrite(R.Resolution(64, 48)).parameters == pooled.parameters
    # 27*8 weights at 32*32 places, 72*20 at 16*16; four times as many places at 64x64, and as many inputs of the dense layer
    assert net.macs == 216 * 1024 + 1440 * 256 + 51_200
    assert net.rewrite(R.Resolution(64, regrow=True)).macs == 4 * net.macs
    assert net.rewrite(R.Batch(4)).macs == 4 * net.macs
    scaled = net.rewrite(R.Bits(weights=8, scales="channel", scale_bits=16))
    assert cm.predict(scaled).total.weight_bytes == 216 + 1440 + 51_200 + 2 * (8 + 20 + 10)
    for flavour in (R.DepthwiseSeparable(), R.SpatiallySeparable(), R.CombinedSeparable()):
        assert net.rewrite(flavour, R.Standard()).totals == net.totals


def test_layers_that_read_other_channels_have_other_weights_and_say_so(tmp_path: Path) -> None:
    """On files too, whose stored numbers of parameters follow."""
    squeeze = R.Insert(L.Conv2d(16, 1, bias=False), after="conv1/act", name="squeeze")
    net = cm.zoo.mobilenet_v1(variant="full")
    file = cm.read(write(net, tmp_path / "full.onnx"))
    made = file.rewrite(squeeze)
    assert made.totals == net.rewrite(squeeze).totals
    # block1 reads 16 channels in place of 32: 9*32*64 and 9*16*64
    assert ("block1", "weights", 18_432, 9_216) in [(c.node, c.what, c.before, c.after) for c in made.changes.made]
    assert made.rewrite(R.Drop("squeeze")).nodes == file.nodes


def test_a_reshape_follows_where_it_parts_other_axes_than_those_that_change() -> None:
    x = L.Reshape((1, 3, 4, 6, 6))(cm.Input((1, 12, 6, 6)), name="apart")
    x = L.Reshape((1, 12, 36))(x, name="together")
    net = cm.Network.of(L.Reshape((1, 4, 3, 36))(x, name="again")).rewrite(R.Resolution(8, 10))
    assert [net.nodes[name].layer.shape for name in ("apart", "together", "again")] == [(1, 3, 4, 8, 10), (1, 12, 80), (1, 4, 3, 80)]
