"""Peers come with the extra `bench`; a benchmark whose peer is absent is skipped with a message."""

import numpy as np
import pytest

import costmodel as cm


@pytest.fixture(scope="session")
def mobilenet_v1_onnx(tmp_path_factory):
    """MobileNet v1 as an ONNX ModelProto with random weights, and the file it is saved in."""
    onnx = pytest.importorskip("onnx", reason="the peer is read from ONNX: pip install 'costmodel[bench]'")
    model = _model(onnx, cm.zoo.mobilenet_v1())
    onnx.checker.check_model(model)
    path = tmp_path_factory.mktemp("models") / "mobilenet_v1.onnx"
    onnx.save(model, path)
    return model, path


def _model(onnx, net):
    """The network node by node; each convolution with a batch norm and a ReLU as in the zoo."""
    helper, tensors = onnx.helper, onnx.numpy_helper
    rng = np.random.default_rng(0)
    nodes, initializers = [], []

    def weight(name, *shape):
        initializers.append(tensors.from_array(rng.standard_normal(shape).astype(np.float32) ** 2, name))
        return name

    for node in net.nodes.values():
        (x, *_), name, kind = (*[r.node for r in node.inputs], ""), node.name, node.layer.kind
        shapes = node.input_shapes
        if kind in ("conv2d", "depthwise_conv2d"):
            k, s = node.layer.kernel_size, node.layer.stride
            channels, out = shapes[0][1], node.output_shapes[0][1]
            group = channels if kind == "depthwise_conv2d" else 1
            inputs = [x, weight(f"{name}.w", out, channels // group, k, k)]
            nodes.append(
                helper.make_node("Conv", inputs, [name], name, kernel_shape=[k, k], strides=[s, s], group=group, auto_pad="SAME_UPPER")
            )
        elif kind == "batch_norm":
            vectors = [weight(f"{name}.{part}", shapes[0][1]) for part in "gbmv"]
            nodes.append(helper.make_node("BatchNormalization", [x, *vectors], [name], name))
        elif kind == "dense":
            inputs = [x, weight(f"{name}.w", node.layer.out_features, shapes[0][1]), weight(f"{name}.b", node.layer.out_features)]
            nodes.append(helper.make_node("Gemm", inputs, [name], name, transB=1))
        elif kind != "input":
            operator = {"relu": "Relu", "global_avg_pool": "GlobalAveragePool", "flatten": "Flatten", "softmax": "Softmax"}[kind]
            nodes.append(helper.make_node(operator, [x], [name], name))
    ends = [helper.make_tensor_value_info(ref.node, onnx.TensorProto.FLOAT, net.shape(ref)) for ref in (net.inputs[0], net.outputs[0])]
    graph = helper.make_graph(nodes, net.name, [ends[0]], [ends[1]], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
