"""A network as an ONNX model with random weights, so that a runtime can be timed on it. One rule a layer kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from costmodel.errors import SymbolicError, UnknownLayerError
from costmodel.layers.window import pad_pairs
from costmodel.network import Network, Node, TensorRef

if TYPE_CHECKING:
    import onnx

OPSET = 17
"""The operator set that the model asks for."""

Rule = Callable[["Writer", Node, Sequence[str]], None]
RULES: dict[str, Rule] = {}


def rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Decorate the rule of some layer kinds."""

    def add(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(kinds, function))
        return function

    return add


def to_onnx(network: Network, seed: int = 0) -> onnx.ModelProto:
    """The network as an ONNX model whose weights are random.

    Parameters
    ----------
    network : Network
        Of integer sizes.
    seed : int
        Of the weights. Their spread keeps activations near one, so that no runtime meets denormal or infinite numbers.

    Raises
    ------
    SymbolicError
        Where sizes are symbols.
    UnknownLayerError
        Where a layer has no rule here.

    Examples
    --------
    >>> import costmodel as cm
    >>> from costmodel.calibration.export import to_onnx
    >>> model = to_onnx(cm.zoo.lenet_5_caffe())
    >>> [node.op_type for node in model.graph.node][:3]
    ['Conv', 'MaxPool', 'Conv']
    """
    import onnx

    if network.symbols:
        names = ", ".join(sorted(map(str, network.symbols)))
        raise SymbolicError(f"network {network.name!r} holds symbols ({names}); give them values before it is run")
    writer = Writer(network, seed)
    for node in network.nodes.values():
        writer.add(node)
    inputs = [onnx.helper.make_tensor_value_info(str(r), onnx.TensorProto.FLOAT, network.shape(r)) for r in network.inputs]
    outputs = [onnx.helper.make_tensor_value_info(str(r), onnx.TensorProto.FLOAT, network.shape(r)) for r in network.outputs]
    graph = onnx.helper.make_graph(writer.nodes, network.name, inputs, outputs, writer.initializers)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=8)


class Writer:
    """Collects the operators and weights of a model."""

    def __init__(self, network: Network, seed: int) -> None:
        import numpy as np

        self.network = network
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(seed)

    def add(self, node: Node) -> None:
        """Write a node."""
        if node.layer.role == "input":
            return
        if node.layer.kind not in RULES or node.channels_last:
            raise UnknownLayerError(
                f"layer {node.name!r} of kind {node.layer.kind!r} can't be written as ONNX; kinds that can are {', '.join(sorted(RULES))}"
            )
        RULES[node.layer.kind](self, node, [str(ref) for ref in node.inputs])

    def emit(self, operator: str, inputs: Sequence[str], node: Node, output: str = "", **attributes: Any) -> str:
        """Write an operator; its output is the node's unless another name is given."""
        import onnx

        output = output or str(TensorRef(node.name))
        self.nodes.append(onnx.helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def stored(self, node: Node, role: str, shape: Sequence[int], spread: float | None = None) -> str:
        """A stored tensor of random numbers; of ones with a little noise where no spread is given."""
        import numpy as np
        import onnx

        name = f"{node.name}/{role}"
        numbers = self._random.standard_normal(tuple(shape), dtype=np.float32)
        numbers = np.abs(1 + numbers / np.float32(16)) if spread is None else numbers * np.float32(spread)
        self.initializers.append(onnx.numpy_helper.from_array(numbers, name))
        return name

    def numbers(self, node: Node, role: str, values: Sequence[int]) -> str:
        """A stored tensor of integers."""
        import numpy as np
        import onnx

        name = f"{node.name}/{role}"
        self.initializers.append(onnx.numpy_helper.from_array(np.asarray(values, dtype=np.int64), name))
        return name


def _window(node: Node) -> dict[str, Any]:
    """Kernel, stride, dilation and padding as attributes."""
    layer: Any = node.layer
    kernel = layer.per_axis("kernel_size")
    found: dict[str, Any] = {
        "kernel_shape": list(kernel),
        "strides": list(kernel if layer.stride is None else layer.per_axis("stride")),
    }
    dilation = list(layer.per_axis("dilation"))
    if layer.padding == "same":  # written out: runtimes take padding in numbers with every dilation
        pairs = [_same(size, k, s, d) for size, k, s, d in zip(node.input_shapes[0][2:], kernel, found["strides"], dilation, strict=True)]
    else:
        pairs = list(pad_pairs(layer.padding, len(kernel)))
    found["pads"] = [before for before, _ in pairs] + [after for _, after in pairs]
    if any(d != 1 for d in dilation):
        found["dilations"] = dilation
    return found


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    needed = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return needed // 2, needed - needed // 2


@rule("conv1d", "conv2d", "conv3d", "depthwise_conv1d", "depthwise_conv2d", "depthwise_conv3d")
def convolution(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    channels, out = node.input_shapes[0][1], node.output_shapes[0][1]
    groups = channels if node.layer.kind.startswith("depthwise") else layer.groups
    shape = (out, channels // groups, *layer.per_axis("kernel_size"))
    tensors = [*inputs, writer.stored(node, "weight", shape, math.prod(shape[1:]) ** -0.5)]
    if layer.bias:
        tensors.append(writer.stored(node, "bias", (out,), 0.1))
    writer.emit("Conv", tensors, node, group=groups, **_window(node))


@rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    kernel, strides, dilation = (layer.per_axis(name) for name in ("kernel_size", "stride", "dilation"))
    extra, cut = layer.per_axis("output_padding"), []
    for size, out, k, s, d, more in zip(node.input_shapes[0][2:], node.output_shapes[0][2:], kernel, strides, dilation, extra, strict=True):
        cut.append((size - 1) * s + (k - 1) * d + 1 + more - out)
    pairs = [(n // 2, n - n // 2) for n in cut] if layer.padding == "same" else list(pad_pairs(layer.padding, len(kernel)))
    shape = (node.input_shapes[0][1], layer.out_channels // layer.groups, *kernel)
    tensors = [*inputs, writer.stored(node, "weight", shape, (shape[0] * math.prod(kernel)) ** -0.5)]
    if layer.bias:
        tensors.append(writer.stored(node, "bias", (layer.out_channels,), 0.1))
    writer.emit(
        "ConvTranspose", tensors, node, group=layer.groups, kernel_shape=list(kernel), strides=list(strides), dilations=list(dilation),
        pads=[before for before, _ in pairs] + [after for _, after in pairs], output_padding=list(extra),
    )  # fmt: skip


@rule("dense")
def dense(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    shape = (node.input_shapes[0][-1], layer.out_features)
    weight = writer.stored(node, "weight", shape, shape[0] ** -0.5)
    bias = writer.stored(node, "bias", shape[1:], 0.1) if layer.bias else ""
    if len(node.input_shapes[0]) == 2:
        writer.emit("Gemm", [*inputs, weight, *([bias] if bias else [])], node)
        return
    product = writer.emit("MatMul", [*inputs, weight], node, f"{node.name}/product" if bias else "")
    if bias:
        writer.emit("Add", [product, bias], node)


@rule("matmul")
def matmul(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    turned = []
    for name, shape, turn in zip(inputs, node.input_shapes, (layer.transpose_first, layer.transpose_second), strict=True):
        order = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
        turned.append(writer.emit("Transpose", [name], node, f"{node.name}/{name}/turned", perm=order) if turn else name)
    writer.emit("MatMul", turned, node)


@rule("batch_norm")
def batch_norm(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    channels = (node.input_shapes[0][1],)
    roles = {"scale": None, "offset": 0.1, "mean": 0.1, "variance": None}
    writer.emit("BatchNormalization", [*inputs, *(writer.stored(node, role, channels, spread) for role, spread in roles.items())], node)


@rule("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d")
def pool(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    window = _window(node)
    if node.layer.kind.startswith("avg"):
        window.pop("dilations", None)
    operator = "MaxPool" if node.layer.kind.startswith("max") else "AveragePool"
    writer.emit(operator, inputs, node, ceil_mode=int(layer.ceil_mode), **window)


@rule("softmax")
def softmax(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    writer.emit("Softmax", inputs, node, axis=layer.axis)


@rule("concat")
def concat(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    writer.emit("Concat", inputs, node, axis=layer.axis)


@rule("lrn")
def lrn(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    writer.emit("LRN", inputs, node, size=layer.size)


@rule("prelu")
def prelu(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    writer.emit("PRelu", [*inputs, writer.stored(node, "slope", layer.slope, 0.1)], node)


@rule("resize")
def resize(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    sizes = writer.numbers(node, "sizes", node.output_shapes[0])
    writer.emit("Resize", [*inputs, "", "", sizes], node, mode=layer.mode)


@rule("silu")
def silu(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    gate = writer.emit("Sigmoid", inputs, node, f"{node.name}/gate")
    writer.emit("Mul", [*inputs, gate], node)


@rule("hard_sigmoid")
def hard_sigmoid(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    writer.emit("HardSigmoid", inputs, node, alpha=1 / 6)


@rule("relu6")
def relu6(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    import numpy as np
    import onnx

    bounds = []
    for role, value in (("least", 0), ("most", 6)):
        writer.initializers.append(onnx.numpy_helper.from_array(np.asarray(value, dtype=np.float32), f"{node.name}/{role}"))
        bounds.append(f"{node.name}/{role}")
    writer.emit("Clip", [*inputs, *bounds], node)


@rule("pad")
def pad(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    pads = writer.numbers(node, "pads", [before for before, _ in layer.pads] + [after for _, after in layer.pads])
    writer.emit("Pad", [*inputs, pads], node)


@rule("flatten", "reshape")
def reshape(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    writer.emit("Reshape", [*inputs, writer.numbers(node, "shape", node.output_shapes[0])], node)


@rule("transpose")
def transpose(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    writer.emit("Transpose", inputs, node, perm=list(layer.order))


@rule("channel_shuffle")
def channel_shuffle(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
    layer: Any = node.layer
    batch, channels, *sizes = node.input_shapes[0]
    apart = writer.numbers(node, "apart", (batch, layer.groups, channels // layer.groups, *sizes))
    split = writer.emit("Reshape", [*inputs, apart], node, f"{node.name}/apart_")
    turned = writer.emit("Transpose", [split], node, f"{node.name}/turned", perm=[0, 2, 1, *range(3, len(sizes) + 3)])
    writer.emit("Reshape", [turned, writer.numbers(node, "shape", node.output_shapes[0])], node)


def _plain(operator: str) -> Rule:
    def write(writer: Writer, node: Node, inputs: Sequence[str]) -> None:
        writer.emit(operator, inputs, node)

    return write


for _kind, _operator in {
    "relu": "Relu", "leaky_relu": "LeakyRelu", "elu": "Elu", "tanh": "Tanh", "sigmoid": "Sigmoid", "hard_swish": "HardSwish",
    "softplus": "Softplus", "add": "Add", "multiply": "Mul", "global_avg_pool": "GlobalAveragePool",
    "global_max_pool": "GlobalMaxPool", "dropout": "Identity", "identity": "Identity",
}.items():  # fmt: skip
    RULES[_kind] = _plain(_operator)
