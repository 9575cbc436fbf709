"""Operators of detectors, signals, trees, and of ONNX Runtime's optimised and quantized models, each with its arithmetic."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import costmodel as cm

FLOAT, INT8, UINT8, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT64, TensorProto.BOOL
MS, ML = "com.microsoft", "ai.onnx.ml"


def stored(name, shape, dtype=FLOAT):
    return helper.make_tensor(name, dtype, shape, np.zeros(shape).ravel().tolist())


def number(name, *values, dtype=INT64):
    return helper.make_tensor(name, dtype, [len(values)], values)


@pytest.fixture
def read(tmp_path: Path):
    """Read a model: inputs and stored tensors by name with their shapes, one output y."""

    def reads(nodes, takes, weights=(), gives=("y",), opset=20, inputs=None, **arguments):
        declared = [helper.make_tensor_value_info(n, *(s if isinstance(s, tuple) else (FLOAT, s))) for n, s in takes.items()]
        outputs = [helper.make_empty_tensor_value_info(name) for name in gives]
        graph = helper.make_graph(nodes, "graph", declared, outputs, weights)
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid(MS, 1), helper.make_opsetid(ML, 3)]
        opsets.append(helper.make_opsetid("com.microsoft.nchwc", 1))
        path = tmp_path / "model.onnx"
        path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
        return cm.read(path, inputs, **arguments)

    return reads


def node(kind, inputs, outputs=("y",), domain="", **attributes):
    return helper.make_node(kind, list(inputs), list(outputs), domain=domain, **attributes)


def others(network, step):
    return sum(count for name in network.nodes for found, count in network.counts[name].other if found == step)


# -- signals


def test_fourier_transforms_of_real_and_complex_signals(read) -> None:
    """10 complex signals of 64 points: 10 * 32*6 butterflies; real ones go in pairs: 5 * 192; one-sided 33 of 64 come out."""
    complex_one = read([node("DFT", ["x", "", "axis"])], {"x": [10, 64, 2]}, [_axis(1)])
    assert complex_one.shape(complex_one.outputs[0]) == (10, 64, 2)
    assert others(complex_one, "butterfly") == 10 * 32 * 6
    real = read([node("DFT", ["x", "", "axis"], onesided=1)], {"x": [10, 64, 1]}, [_axis(1)])
    assert real.shape(real.outputs[0]) == (10, 33, 2)
    assert others(real, "butterfly") == 5 * 32 * 6


def _axis(value):
    return helper.make_tensor("axis", INT64, [], [value])


def test_frames_of_a_second_of_speech(read) -> None:
    """16000 samples, 512 a frame, every 160: (16000 - 512) // 160 + 1 = 97 frames; 49 transforms of 256*9; a window on 97*512."""
    scalars = [helper.make_tensor(n, INT64, [], [v]) for n, v in (("step", 160), ("length", 512))]
    network = read([node("STFT", ["x", "step", "window", "length"])], {"x": [1, 16000, 1]}, [*scalars, stored("window", [512])])
    assert network.shape(network.outputs[0]) == (1, 97, 257, 2)
    assert others(network, "butterfly") == 49 * 256 * 9
    assert others(network, "multiply") == 97 * 512
    assert network.totals.constants == 512


# -- detectors


def test_boxes_that_overlap_take_their_most(read) -> None:
    """100 boxes of 3 classes, at most 20 remain of each: 60 rows; 3*100 scores, each against 20."""
    limit = number("most", 20)
    nodes = [node("NonMaxSuppression", ["boxes", "scores", "most"], ["rows"]), node("Gather", ["table", "rows"])]
    takes = {"boxes": [1, 100, 4], "scores": [1, 3, 100], "table": [100, 7]}
    network = read(nodes, takes, [limit])
    assert network.shape(network.outputs[0]) == (60, 3, 7)
    assert others(network, "overlap") == 3 * 100 * 20
    assert any("60 are the most" in text for text in network.assumptions)


def test_an_output_whose_size_depends_on_the_data_is_refused_unless_counted(read) -> None:
    nodes, takes = [node("NonZero", ["x"])], {"x": [4, 5]}
    with pytest.raises(cm.errors.UnknownLayerError, match=r"depends on the data.*20 are the most"):
        read(nodes, takes)
    network = read(nodes, takes, unknown="count")
    assert network.shape(network.outputs[0]) == (2, 20)
    assert network.coverage == 1


def test_regions_are_sampled_and_averaged(read) -> None:
    """8 regions of 7x7 cells, 2x2 places each, of 16 channels: 8*16*14*14 places of four taps; means of four."""
    network = read(
        [node("RoiAlign", ["x", "rois", "which"], output_height=7, output_width=7, sampling_ratio=2)],
        {"x": [1, 16, 32, 32], "rois": [8, 4], "which": (INT64, [8])},
    )
    assert network.shape(network.outputs[0]) == (8, 16, 7, 7)
    assert others(network, "interpolate") == 8 * 16 * 14 * 14 * 4
    assert others(network, "average") == 8 * 16 * 7 * 7 * 4


def test_a_deformed_convolution_has_the_products_of_a_plain_one(read) -> None:
    """8 to 16 channels, 3x3 on 10x10 with padding 1: 100*16*8*9 MACs; each of 8*100*9 taps is interpolated of four."""
    weights = [stored("w", [16, 8, 3, 3]), stored("b", [16])]
    network = read(
        [node("DeformConv", ["x", "w", "offset", "b"], pads=[1, 1, 1, 1])], {"x": [1, 8, 10, 10], "offset": [1, 18, 10, 10]}, weights
    )
    assert network.shape(network.outputs[0]) == (1, 16, 10, 10)
    assert network.macs == 100 * 16 * 8 * 9
    assert others(network, "interpolate") == 8 * 100 * 9 * 4
    assert network.totals.trainable == 16 * 8 * 9 + 16


# -- trees and linear models


def test_trees_cost_their_longest_ways(read) -> None:
    """A tree of two levels and a stump, on 5 rows: 5 * (2 + 1) compares, 5 * 2 sums."""
    trees = {
        "nodes_treeids": [0, 0, 0, 0, 0, 1, 1, 1], "nodes_nodeids": [0, 1, 2, 3, 4, 0, 1, 2], "nodes_featureids": [0, 1, 0, 0, 0, 2, 0, 0],
        "nodes_modes": ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_values": [0.5, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0], "nodes_truenodeids": [1, 3, 0, 0, 0, 1, 0, 0],
        "nodes_falsenodeids": [2, 4, 0, 0, 0, 2, 0, 0], "n_targets": 1, "target_ids": [0] * 5, "target_nodeids": [2, 3, 4, 1, 2],
        "target_treeids": [0, 0, 0, 1, 1], "target_weights": [1.0] * 5,
    }  # fmt: skip
    network = read([node("TreeEnsembleRegressor", ["x"], domain=ML, **trees)], {"x": [5, 3]})
    assert network.shape(network.outputs[0]) == (5, 1)
    assert (others(network, "compare"), others(network, "add")) == (5 * 3, 5 * 2)
    circle = trees | {"nodes_truenodeids": [1, 0, 0, 0, 0, 1, 0, 0]}
    with pytest.raises(cm.errors.ReaderError, match="circle"):
        read([node("TreeEnsembleRegressor", ["x"], domain=ML, **circle)], {"x": [5, 3]})


def test_a_linear_classifier_is_a_dense_layer(read) -> None:
    """4 features, 3 classes, 10 rows: 10*4*3 MACs, 12 weights, 3 biases."""
    fields = {"coefficients": [0.5] * 12, "intercepts": [0.0] * 3, "classlabels_ints": [0, 1, 2], "post_transform": "SOFTMAX"}
    network = read([node("LinearClassifier", ["x"], ["label", "y"], ML, **fields)], {"x": [10, 4]}, gives=("label", "y"))
    assert [network.shape(ref) for ref in network.outputs] == [(10,), (10, 3)]
    assert (network.macs, network.totals.weights, network.totals.biases) == (120, 12, 3)


def test_support_vectors_are_two_dense_layers(read) -> None:
    """6 support vectors of 4 features, 10 rows: 10*6*4 + 10*6 MACs, an exponential of each."""
    fields = {"support_vectors": [0.5] * 24, "coefficients": [0.5] * 6, "rho": [0.1], "n_supports": 6, "kernel_type": "RBF"}
    network = read([node("SVMRegressor", ["x"], domain=ML, **fields)], {"x": [10, 4]})
    assert (network.macs, others(network, "exp")) == (10 * 6 * 4 + 10 * 6, 60)


# -- what ONNX Runtime makes of a model


def test_an_lstm_quantized_as_it_runs(read) -> None:
    """7 steps, 5 features, 8 hidden, both directions: 7 * 2 * 4*8*(5+8) MACs; scales are no parameters."""
    weights = [stored("w", [2, 5, 32], INT8), stored("r", [2, 8, 32], INT8), stored("b", [2, 64])]
    weights += [stored(f"{n}s", [2]) for n in "wr"] + [stored(f"{n}z", [2], INT8) for n in "wr"]
    names = ["x", "w", "r", "b", "", "", "", "", "ws", "wz", "rs", "rz"]
    made = node("DynamicQuantizeLSTM", names, domain=MS, hidden_size=8, direction="bidirectional")
    network = read([made], {"x": [7, 1, 5]}, weights)
    assert network.shape(network.outputs[0]) == (7, 2, 1, 8)
    assert (network.macs, network.totals.weights, network.totals.all) == (7 * 2 * 32 * 13, 2 * 32 * 13, 2 * 32 * 13 + 128)


@pytest.mark.parametrize("kind", ["NhwcConv", "NhwcFusedConv"])
def test_a_convolution_with_its_channels_last(read, kind) -> None:
    """3x3 on 10x10x8 to 16 channels, without padding 8x8: 64*16*8*9."""
    network = read([node(kind, ["x", "w"], domain=MS)], {"x": [1, 10, 10, 8]}, [stored("w", [16, 8, 3, 3])])
    assert (network.shape(network.outputs[0]), network.macs) == ((1, 8, 8, 16), 64 * 16 * 8 * 9)


def test_channels_in_blocks_count_their_filling(read) -> None:
    """3 channels filled up to 8, 16 out: 64*16*8*9 on 8x8."""
    nodes = [node("ReorderInput", ["x"], ["a"], "com.microsoft.nchwc"), node("Conv", ["a", "w"], ["b"], "com.microsoft.nchwc"),
             node("ReorderOutput", ["b"], ["y"], "com.microsoft.nchwc", channels=10)]  # fmt: skip
    network = read(nodes, {"x": [1, 3, 10, 10]}, [stored("w", [16, 8, 3, 3])])
    assert (network.shape(network.outputs[0]), network.macs) == ((1, 10, 8, 8), 64 * 16 * 8 * 9)


def test_fused_products_and_norms(read) -> None:
    """12x5 by 5x7, turned: 12*5*7. An embedding of 100 and 16 rows of 8 numbers, gain and offset of 8."""
    product = read([node("FusedGemm", ["x", "w", "b"], domain=MS, transB=1, activation="Relu")], {"x": [12, 5]},
                   [stored("w", [7, 5]), stored("b", [7])])  # fmt: skip
    assert (product.macs, product.totals.trainable, others(product, "relu")) == (12 * 5 * 7, 42, 84)
    tables = [stored("words", [100, 8]), stored("places", [16, 8]), stored("g", [8]), stored("o", [8])]
    embedding = node("EmbedLayerNormalization", ["ids", "", "words", "places", "", "g", "o"], domain=MS)
    network = read([embedding], {"ids": (TensorProto.INT32, [1, 16])}, tables)
    assert network.shape(network.outputs[0]) == (1, 16, 8)
    assert (network.totals.weights, network.totals.norm_affine) == (928, 16)


def test_attention_with_packed_quantized_weights(read) -> None:
    """10 tokens of 16, 2 heads: 10*16*48 for the operands, 2 * 10*10*16 for scores and values."""
    weights = [stored("w", [16, 48], UINT8), stored("b", [48]), stored("s", []), stored("t", [])]
    made = node("QAttention", ["x", "w", "b", "s", "t"], domain=MS, num_heads=2)
    network = read([made], {"x": (UINT8, [1, 10, 16])}, weights)
    assert (network.shape(network.outputs[0]), network.macs) == ((1, 10, 16), 10 * 16 * 48 + 2 * 100 * 16)


# -- what is known, and what is only assumed


def test_a_number_made_of_a_stored_tensor_does_not_claim_it(read) -> None:
    """The largest of 1152 weights scales an output; the weights stay weights: 16*8*3*3."""
    nodes = [node("ReduceMax", ["w"], ["most"], keepdims=0), node("Mul", ["x", "most"], ["a"]), node("Conv", ["a", "w"])]
    network = read(nodes, {"x": [1, 8, 4, 4]}, [stored("w", [16, 8, 3, 3])])
    assert (network.totals.weights, network.totals.constants) == (1152, 0)


def test_a_state_of_the_size_of_the_input_is_multiplied_at_every_inference(read) -> None:
    """A zero state (batch, 4) by 4x4: 3*4*4 MACs, although its numbers are known."""
    nodes = [node("Shape", ["x"], ["n"], end=1), node("Concat", ["n", "four"], ["shape"], axis=0), node("Expand", ["zero", "shape"], ["h"]),
             node("MatMul", ["h", "w"], ["r"]), node("Add", ["x", "r"])]  # fmt: skip
    network = read(nodes, {"x": [3, 4]}, [number("four", 4), helper.make_tensor("zero", FLOAT, [1, 1], [0.0]), stored("w", [4, 4])])
    assert (network.macs, network.totals.weights) == (3 * 4 * 4, 16)


def test_the_numbers_of_an_assumed_branch_are_not_known(read) -> None:
    """Both branches end in a truth value, of which neither may be taken for granted: the loop may run on, and one trip is counted."""

    def branch(name, value):
        out = helper.make_tensor_value_info(name, BOOL, [])
        constant = node("Constant", [], [name], value=helper.make_tensor("v", BOOL, [], [value]))
        return helper.make_graph([constant], name, [], [out])

    body = helper.make_graph(
        [
            node("ReduceMax", ["h"], ["m"], keepdims=0), node("Greater", ["m", "zero"], ["c"]),
            node("If", ["c"], ["on"], then_branch=branch("t", False), else_branch=branch("e", True)), node("MatMul", ["h", "w"], ["h2"]),
        ],
        "body",
        [helper.make_tensor_value_info(n, t, s) for n, t, s in (("i", INT64, []), ("c0", BOOL, []), ("h", FLOAT, [1, 4]))],
        [helper.make_tensor_value_info(n, t, s) for n, t, s in (("on", BOOL, []), ("h2", FLOAT, [1, 4]))],
    )  # fmt: skip
    nodes = [node("Loop", ["most", "", "x"], body=body)]
    limits = [helper.make_tensor("most", INT64, [], [3]), helper.make_tensor("zero", FLOAT, [], [0.0]), stored("w", [4, 4])]
    network = read(nodes, {"x": [1, 4]}, limits)
    assert network.macs == 3 * 16  # all trips of a bounded loop, as when it stops is not known
    assert any("all of its 3 trips" in text for text in network.assumptions)


def test_an_operator_without_a_rule_is_the_function_that_onnx_defines_it_by(read) -> None:
    """A causal depthwise convolution over 6 channels with a state, as ONNX 1.23 defines it: 6*10 outputs of 4 taps."""
    if not onnx.defs.has("CausalConvWithState"):
        pytest.skip("this version of onnx does not define the operator")
    version = onnx.defs.get_schema("CausalConvWithState").since_version
    made = node("CausalConvWithState", ["x", "w"], ["y", "state"])
    network = read([made], {"x": [1, 6, 10]}, [stored("w", [6, 1, 4])], opset=version)
    assert (network.shape(network.outputs[0]), network.macs) == ((1, 6, 10), 6 * 10 * 4)
