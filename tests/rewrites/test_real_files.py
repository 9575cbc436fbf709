"""Rewrites of ONNX files beside arithmetic on what the files hold: shapes of stored weights, and sizes of maps as ONNX infers them."""

import math
from collections.abc import Callable
from pathlib import Path

import onnx
import onnx.backend.test
import pytest
from onnx_files import write

import costmodel as cm

R = cm.rewrites
LIGHT = Path(onnx.backend.test.__file__).parent / "data" / "light"


def products(path: Path) -> list[tuple[tuple[int, ...], int, int]]:
    """Of every convolution and product: the shape of its weights, outputs first; groups; places of its output map."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    known = {one.name: [d.dim_value for d in one.type.tensor_type.shape.dim] for one in (*graph.value_info, *graph.output, *graph.input)}
    known |= {one.name: list(one.dims) for one in graph.initializer}
    found = []
    for node in graph.node:
        given = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        if node.op_type == "Conv":
            found.append((tuple(known[node.input[1]]), given.get("group", 1), math.prod(known[node.output[0]][2:])))
        elif node.op_type == "Gemm":
            shape = known[node.input[1]]
            found.append((tuple(shape if given.get("transB") else shape[::-1]), 1, 1))
    return found


def agrees(net: cm.Network, path: Path, weights_of: Callable[..., int]) -> None:
    """MACs and weights are those of the file's own shapes, each layer's weights counted by `weights_of`."""
    counted = [(weights_of(shape, groups), places) for shape, groups, places in products(path)]
    assert net.parameters["weights"] == sum(weights for weights, _ in counted)
    assert net.macs == sum(weights * places for weights, places in counted)


def narrower(alpha: float) -> Callable[..., int]:
    """Weights with a share of all channels, but for the 3 of the picture and the 1000 classes."""

    def scaled(channels: int) -> int:
        return channels if channels in (3, 1000) else math.floor(alpha * channels)

    return lambda shape, groups: (
        scaled(shape[0]) * (shape[1] if groups > 1 else scaled(shape[1])) * math.prod(shape[2:])  # of depthwise ones, shape[1] is 1
    )


def separable(shape: tuple[int, ...], groups: int) -> int:
    """M k^2 + M N in the place of M N k^2, for what is larger than 1x1 and has one group."""
    kernel = math.prod(shape[2:])
    return shape[1] * kernel + shape[1] * shape[0] if groups == 1 and kernel > 1 else math.prod(shape)


@pytest.fixture(scope="module")
def mobilenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(cm.zoo.mobilenet_v1(), tmp_path_factory.mktemp("files") / "mobilenet.onnx")


@pytest.mark.parametrize("alpha", [1, 0.75, 0.5, 0.25])
def test_the_width_of_a_mobilenet_file(mobilenet: Path, alpha: float) -> None:
    narrow = cm.read(mobilenet).rewrite(R.Width(alpha))
    agrees(narrow, mobilenet, narrower(alpha))
    assert narrow.totals == cm.zoo.mobilenet_v1(alpha).totals


@pytest.mark.parametrize("alpha", [1, 0.75, 0.5, 0.25])
@pytest.mark.parametrize("name", ["light_resnet50", "light_vgg19", "light_squeezenet", "light_zfnet512"])
def test_the_width_of_files(name: str, alpha: float) -> None:
    path = LIGHT / f"{name}.onnx"
    agrees(cm.read(path).rewrite(R.Width(alpha)), path, narrower(alpha))


@pytest.mark.parametrize("name", ["light_resnet50", "light_vgg19", "light_squeezenet", "light_inception_v1", "light_inception_v2"])
def test_separable_convolutions_of_files(name: str) -> None:
    path = LIGHT / f"{name}.onnx"
    net = cm.read(path)
    made = net.rewrite(R.DepthwiseSeparable())
    agrees(made, path, separable)
    back = made.rewrite(R.Standard())
    assert (back.macs, back.parameters["weights"]) == (net.macs, net.parameters["weights"])


def test_rewrites_of_a_file_in_any_order() -> None:
    """Widths in bits, zeros and channels: 4 bits and one of the mask, three tenths kept; a quarter of the weights of a ResNet is left."""
    net = cm.read(LIGHT / "light_resnet50.onnx")
    steps = [R.Width(0.5), R.DepthwiseSeparable(), R.Bits(weights=4), R.Prune(0.3, sparse_format="bitmap")]
    made = [net.rewrite(*order) for order in (steps, [steps[1], steps[3], steps[0], steps[2]], [*steps[1:], steps[0]])]
    assert len({(one.macs, one.parameters["weights"], cm.predict(one).total.weight_bytes) for one in made}) == 1
    weights = made[0].parameters["weights"]
    layers = len([node for node in made[0].nodes.values() if made[0].counts[node.name].weights])
    assert 0 <= cm.predict(made[0]).total.weight_bytes - weights * (1 + 0.3 * 4) / 8 <= layers * (1 + 4 / 8)


def test_zeros_of_weights_that_are_replaced_are_forgotten_and_that_is_said() -> None:
    net = cm.read(LIGHT / "light_resnet50.onnx").rewrite(R.Prune(0.3, sparse_format="bitmap"), R.DepthwiseSeparable())
    said = [change for change in net.changes.made if change.rewrite == "DepthwiseSeparable" and change.what == "storage"]
    assert len(said) == 17  # the first layer, and one 3x3 in each of 16 blocks
    skipping = cm.Hardware.load("pardhi").replace(skips_zeros="weights")
    dense = [row for row in cm.predict(net, skipping) if row.macs and row.macs_effective == row.macs]
    assert len(dense) == 34


@pytest.mark.parametrize("name", ["shufflenet", "resnet50"])
def test_a_resolution_follows_through_fixed_shapes(name: str) -> None:
    """Of twice the height and width every map has four times the places, the classifier one. ShuffleNet parts its 112 channels by a
    reshape to (1, 4, 28, 56, 56)."""
    net = cm.read(LIGHT / f"light_{name}.onnx").rewrite(R.Resolution(448))
    counted = [(math.prod(shape), places) for shape, _, places in products(LIGHT / f"light_{name}.onnx")]
    assert net.macs == sum(weights * (4 * places if places > 1 else 1) for weights, places in counted)
    assert net.parameters["weights"] == sum(weights for weights, _ in counted)


def test_an_average_over_a_padded_map_follows_it() -> None:
    """Inception v1 averages 7x7 over its last map of 6x6 with a row and a column of padding, here of 8x8: 9x9."""
    net = cm.read(LIGHT / "light_inception_v1.onnx")
    larger = net.rewrite(R.Resolution(288))
    pooling = [(one.nodes["n138"].input_shapes[0][2:], one.nodes["n138"].layer.kernel_size) for one in (net, larger)]
    assert pooling == [((6, 6), 7), ((8, 8), 9)]
    assert larger.parameters == net.parameters
