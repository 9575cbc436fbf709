"""Networks of the zoo as ONNX files."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

import costmodel as cm


def write(network: cm.Network, path: Path, flatten: str = "Flatten") -> Path:
    """The network as an ONNX file; `flatten` is the operator: Flatten, or a Reshape to the fixed sizes."""
    nodes, stored = [], []

    def tensor(name: str, *shape: int) -> str:
        stored.append(helper.make_tensor(name, TensorProto.FLOAT, shape, np.zeros(shape, np.float32).tobytes(), raw=True))
        return name

    for node in network.nodes.values():
        layer, name, inputs = node.layer, node.name, [ref.node for ref in node.inputs]
        x = node.input_shapes[0] if inputs else ()
        kind, attributes = layer.kind, {}
        if kind == "input":
            continue
        if kind in ("conv2d", "depthwise_conv2d"):
            groups = x[1] if kind == "depthwise_conv2d" else layer.groups
            channels = node.output_shapes[0][1]
            kernel, stride = layer.per_axis("kernel_size"), layer.per_axis("stride")
            inputs.append(tensor(f"{name}.w", channels, x[1] // groups, *kernel))
            if layer.bias:
                inputs.append(tensor(f"{name}.b", channels))
            attributes = {"kernel_shape": kernel, "strides": stride, "group": groups, "pads": _pads(layer, x, node.output_shapes[0])}
            kind = "Conv"
        elif kind == "batch_norm":
            inputs += [tensor(f"{name}.{part}", x[1]) for part in ("gamma", "beta", "mean", "variance")]
            kind = "BatchNormalization"
        elif kind == "dense":
            inputs += [tensor(f"{name}.w", x[-1], layer.out_features), tensor(f"{name}.b", layer.out_features)]
            kind = "Gemm"
        elif kind in ("flatten", "reshape") and flatten == "Reshape":
            shape = node.output_shapes[0]
            stored.append(helper.make_tensor(f"{name}.shape", TensorProto.INT64, [len(shape)], shape))
            inputs.append(f"{name}.shape")
            kind = "Reshape"
        elif kind == "max_pool2d":
            attributes = {"kernel_shape": layer.per_axis("kernel_size"), "strides": layer.per_axis("stride")}
            kind = "MaxPool"
        else:
            kind = {"relu": "Relu", "global_avg_pool": "GlobalAveragePool", "flatten": "Flatten", "softmax": "Softmax", "add": "Add",
                    "dropout": "Identity"}[kind]  # fmt: skip
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
    given = [helper.make_tensor_value_info(ref.node, TensorProto.FLOAT, network.shape(ref)) for ref in network.inputs]
    wanted = [helper.make_tensor_value_info(ref.node, TensorProto.FLOAT, None) for ref in network.outputs]
    model = helper.make_model(helper.make_graph(nodes, network.name, given, wanted, stored), opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(model, path)
    return path


def _pads(layer, x, y) -> list[int]:
    """Explicit padding: what SAME takes, more of it behind."""
    if layer.padding != "same":
        return [0, 0, 0, 0] if layer.padding == "valid" else [layer.padding] * 4
    axes = zip(x[2:], y[2:], layer.per_axis("kernel_size"), layer.per_axis("stride"), strict=True)
    missing = [max((out - 1) * s + k - size, 0) for size, out, k, s in axes]
    return [m // 2 for m in missing] + [m - m // 2 for m in missing]
