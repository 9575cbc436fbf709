"""One operator a file: its inputs, its options and the shapes that come out, said by the operator's definition.

``benchmarks/corpus.py --shapes`` compares the shapes in whole models with those of the LiteRT interpreter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tflite_files import Graph, file_of

SAME, VALID = 0, 1


class Case(NamedTuple):
    """A file of one operator."""

    name: str
    data: bytes
    shapes: list[tuple[int, ...]]


CASES: list[Case] = []


def case(name: str, *shapes: tuple[int, ...]) -> Callable[[Callable[[Graph], object]], None]:
    def add(build: Callable[[Graph], object]) -> None:
        graph = Graph()
        made = build(graph)
        graph.returns(*(made if isinstance(made, list) else [made]))
        CASES.append(Case(name, file_of(graph), list(shapes)))

    return add


def simple(name, kind, shape, *inputs, options=None, consts=(), dtype="float32", in_dtype="float32", outputs=1):
    def build(g: Graph):
        xs = [g.input(*s, dtype=in_dtype) for s in inputs]
        return g.op(kind, *xs, *(g.const(*c) for c in consts), options=options, dtype=dtype, outputs=outputs)

    case(name, *([shape] if outputs == 1 else shape))(build)


def conv_options(padding=SAME, stride=(1, 1), dilation=(1, 1), activation=0):
    return ("Conv2DOptions", {
        "Padding": padding, "StrideH": stride[0], "StrideW": stride[1], "DilationHFactor": dilation[0], "DilationWFactor": dilation[1],
        "FusedActivationFunction": activation,
    })  # fmt: skip


def depthwise_options(padding=SAME, stride=(1, 1), multiplier=1):
    return ("DepthwiseConv2DOptions", {"Padding": padding, "StrideH": stride[0], "StrideW": stride[1], "DepthMultiplier": multiplier})


def pool_options(padding, filter_size, stride):
    return ("Pool2DOptions", {
        "Padding": padding, "FilterHeight": filter_size[0], "FilterWidth": filter_size[1], "StrideH": stride[0], "StrideW": stride[1],
    })  # fmt: skip


# ceil(9/2) = 5, ceil(7/1) = 7
case("conv same", (2, 5, 7, 4))(
    lambda g: g.op("CONV_2D", g.input(2, 9, 7, 3), g.weights(4, 3, 3, 3), g.weights(4), options=conv_options(SAME, (2, 1)))
)
# floor((9-3)/2)+1 = 4; (7-2*2-1)/1+1 = 3 with the 3 taps 2 apart
case("conv valid dilated", (1, 3, 3, 4))(
    lambda g: g.op("CONV_2D", g.input(1, 7, 7, 3), g.weights(4, 3, 3, 3), g.weights(4), options=conv_options(VALID, (1, 1), (2, 2)))
)
case("conv grouped", (1, 8, 8, 6))(
    lambda g: g.op("CONV_2D", g.input(1, 8, 8, 4), g.weights(6, 3, 3, 2), g.weights(6), options=conv_options())
)
case("depthwise", (1, 4, 4, 6))(
    lambda g: g.op(
        "DEPTHWISE_CONV_2D", g.input(1, 8, 8, 3), g.weights(1, 3, 3, 6), g.weights(6), options=depthwise_options(SAME, (2, 2), 2)
    )
)
# (4-1)*2 + 3 = 9
case("transposed valid", (1, 9, 9, 2))(
    lambda g: g.op(
        "TRANSPOSE_CONV",
        g.const([1, 9, 9, 2]),
        g.weights(2, 3, 3, 5),
        g.input(1, 4, 4, 5),
        options=("TransposeConvOptions", {"Padding": VALID, "StrideH": 2, "StrideW": 2}),
    )
)
case("transposed same", (1, 8, 8, 2))(
    lambda g: g.op(
        "TRANSPOSE_CONV",
        g.const([1, 8, 8, 2]),
        g.weights(2, 3, 3, 5),
        g.input(1, 4, 4, 5),
        options=("TransposeConvOptions", {"Padding": SAME, "StrideH": 2, "StrideW": 2}),
    )
)
case("transposed same odd", (1, 7, 7, 2))(
    lambda g: g.op(
        "TRANSPOSE_CONV",
        g.const([1, 7, 7, 2]),
        g.weights(2, 3, 3, 5),
        g.input(1, 4, 4, 5),
        options=("TransposeConvOptions", {"Padding": SAME, "StrideH": 2, "StrideW": 2}),
    )
)
case("conv 3d", (1, 3, 4, 4, 2))(
    lambda g: g.op(
        "CONV_3D",
        g.input(1, 3, 8, 8, 4),
        g.weights(1, 3, 3, 4, 2),
        options=("Conv3DOptions", {"Padding": SAME, "StrideD": 1, "StrideH": 2, "StrideW": 2}),
    )
)
simple("max pool", "MAX_POOL_2D", (1, 4, 3, 3), (1, 8, 7, 3), options=pool_options(VALID, (2, 2), (2, 2)))
simple("average pool", "AVERAGE_POOL_2D", (1, 4, 4, 3), (1, 8, 7, 3), options=pool_options(SAME, (3, 3), (2, 2)))
simple("l2 pool", "L2_POOL_2D", (1, 4, 3, 3), (1, 8, 7, 3), options=pool_options(VALID, (2, 2), (2, 2)))
case("dense", (6, 5))(
    lambda g: g.op("FULLY_CONNECTED", g.input(2, 3, 4), g.weights(5, 4), g.weights(5), options=("FullyConnectedOptions", {}))
)
case("dense keeps axes", (2, 3, 5))(
    lambda g: g.op("FULLY_CONNECTED", g.input(2, 3, 4), g.weights(5, 4), -1, options=("FullyConnectedOptions", {"KeepNumDims": True}))
)
case("dense of computed weights", (2, 5))(
    lambda g: g.op("FULLY_CONNECTED", g.input(2, 4), g.input(5, 4), -1, options=("FullyConnectedOptions", {}))
)
simple("matmul", "BATCH_MATMUL", (2, 3, 5), (2, 3, 4), (2, 4, 5), options=("BatchMatMulOptions", {}))
simple("matmul exchanged", "BATCH_MATMUL", (2, 3, 5), (2, 4, 3), (1, 5, 4), options=("BatchMatMulOptions", {"AdjX": True, "AdjY": True}))
for kind in ("ADD", "SUB", "MUL", "DIV"):
    simple(kind.lower(), kind, (2, 3, 4), (2, 3, 4), (1, 4), options=(f"{kind.capitalize()}Options", {"FusedActivationFunction": 1}))
for kind in ("MAXIMUM", "MINIMUM", "POW", "SQUARED_DIFFERENCE", "FLOOR_DIV", "FLOOR_MOD"):
    simple(kind.lower(), kind, (2, 3), (2, 3), (1, 3))
for kind in ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"):
    simple(kind.lower(), kind, (2, 3), (2, 3), (2, 1), dtype="bool")
for kind in ("LOGICAL_AND", "LOGICAL_OR"):
    simple(kind.lower(), kind, (2, 3), (2, 3), (2, 3), dtype="bool", in_dtype="bool")
for kind in (
    "RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "ELU", "TANH", "LOGISTIC", "HARD_SWISH", "GELU", "SOFTMAX", "LOG_SOFTMAX", "ABS", "NEG", "SQRT",
    "RSQRT", "SQUARE", "EXP", "LOG", "SIN", "COS", "FLOOR", "CEIL", "ROUND", "ZEROS_LIKE", "L2_NORMALIZATION", "SIGN",
):  # fmt: skip
    options = {
        "SOFTMAX": ("SoftmaxOptions", {"Beta": 1.0}), "LEAKY_RELU": ("LeakyReluOptions", {"Alpha": 0.1}), "L2_NORMALIZATION": ("L2NormOptions", {}),
        "GELU": ("GeluOptions", {}),
    }.get(kind)  # fmt: skip
    simple(kind.lower(), kind, (2, 3, 4, 5), (2, 3, 4, 5), options=options)
simple("lrn", "LOCAL_RESPONSE_NORMALIZATION", (1, 3, 4, 8), (1, 3, 4, 8), options=("LocalResponseNormalizationOptions", {"Radius": 2}))
simple("logical not", "LOGICAL_NOT", (2, 3), (2, 3), dtype="bool", in_dtype="bool")
simple("cast", "CAST", (2, 3), (2, 3), dtype="int32", options=("CastOptions", {"InDataType": 0, "OutDataType": 2}))
case("prelu", (1, 4, 4, 3))(lambda g: g.op("PRELU", g.input(1, 4, 4, 3), g.weights(1, 1, 3)))
case("add n", (2, 3))(lambda g: g.op("ADD_N", g.input(2, 3), g.input(2, 3), g.input(2, 3)))
case("select", (2, 3))(lambda g: g.op("SELECT", g.input(2, dtype="bool"), g.input(2, 3), g.input(2, 3)))
case("select v2", (2, 3))(lambda g: g.op("SELECT_V2", g.input(2, 1, dtype="bool"), g.input(1, 3), g.input(2, 3)))
for kind in ("SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"):
    simple(kind.lower(), kind, (2, 5), (2, 3, 4, 5), consts=[([1, -2],)], options=("ReducerOptions", {"KeepDims": False}))
    simple(
        f"{kind.lower()} keeps axes", kind, (2, 1, 1, 5), (2, 3, 4, 5), consts=[([1, 2],)], options=("ReducerOptions", {"KeepDims": True})
    )
simple("reduce any", "REDUCE_ANY", (2,), (2, 3), consts=[([1],)], dtype="bool", in_dtype="bool", options=("ReducerOptions", {}))
simple("arg max", "ARG_MAX", (2, 4), (2, 3, 4), consts=[([1],)], dtype="int64", options=("ArgMaxOptions", {"OutputType": 4}))
simple("top k", "TOPK_V2", [(2, 3), (2, 3)], (2, 5), consts=[(3,)], outputs=2)
case("one hot", (2, 3, 7))(
    lambda g: g.op(
        "ONE_HOT",
        g.input(2, 3, dtype="int32"),
        g.const(7),
        g.const(1.0, "float32"),
        g.const(0.0, "float32"),
        options=("OneHotOptions", {"Axis": -1}),
    )
)
simple("reshape", "RESHAPE", (4, 6), (2, 3, 4), consts=[([4, -1],)])
simple("reshape by option", "RESHAPE", (4, 6), (2, 3, 4), options=("ReshapeOptions", {"NewShape": [4, -1]}))
simple("squeeze", "SQUEEZE", (2, 3), (1, 2, 1, 3), options=("SqueezeOptions", {"SqueezeDims": [0, 2]}))
simple("squeeze all", "SQUEEZE", (2, 3), (1, 2, 1, 3), options=("SqueezeOptions", {}))
simple("expand dims", "EXPAND_DIMS", (2, 1, 3), (2, 3), consts=[(-2,)])
simple("transpose", "TRANSPOSE", (4, 2, 3), (2, 3, 4), consts=[([2, 0, 1],)])
simple("concatenation", "CONCATENATION", (2, 7), (2, 3), (2, 4), options=("ConcatenationOptions", {"Axis": -1}))
simple("pack", "PACK", (2, 2, 3), (2, 3), (2, 3), options=("PackOptions", {"Axis": 1, "ValuesCount": 2}))
simple("unpack many", "UNPACK", [(2,)] * 100, (2, 100), options=("UnpackOptions", {"Axis": 1, "Num": 100}), outputs=100)
simple("unpack", "UNPACK", [(2, 4)] * 3, (2, 3, 4), options=("UnpackOptions", {"Axis": 1, "Num": 3}), outputs=3)
case("split", (2, 2), (2, 2), (2, 2))(
    lambda g: g.op("SPLIT", g.const(1), g.input(2, 6), options=("SplitOptions", {"NumSplits": 3}), outputs=3)
)
case("split v", (2, 1), (2, 5))(
    lambda g: g.op("SPLIT_V", g.input(2, 6), g.const([1, -1]), g.const(1), options=("SplitVOptions", {"NumSplits": 2}), outputs=2)
)
simple("slice", "SLICE", (1, 2, 3), (2, 3, 4), consts=[([1, 0, 1],), ([-1, 2, 3],)])


def strided(name, shape, x, begin, end, strides, **masks):
    simple(
        name,
        "STRIDED_SLICE",
        shape,
        x,
        consts=[(begin,), (end,), (strides,)],
        options=("StridedSliceOptions", {f"{k}Mask": v for k, v in masks.items()}),
    )


strided("strided slice", (1, 2, 2), (2, 5, 4), [1, 1, 0], [2, 5, 4], [1, 2, 2])
strided("strided slice masks", (2, 5, 2), (2, 5, 4), [1, 1, 1], [1, 2, 3], [1, 1, 1], Begin=3, End=3)
strided("strided slice shrinks", (5, 4), (2, 5, 4), [-1, 0, 0], [0, 5, 4], [1, 1, 1], ShrinkAxis=1)
strided("strided slice dots", (2, 5, 1), (2, 5, 4), [0, 3], [0, 4], [1, 1], Ellipsis=1)
strided("strided slice new axis", (1, 2, 5, 4), (2, 5, 4), [0, 0], [0, 2], [1, 1], NewAxis=1)
strided("strided slice backwards", (2, 3), (2, 5), [0, -1], [2, 1], [1, -1])
strided("strided slice to the start", (2, 5), (2, 5), [0, 0], [0, 0], [1, -1], Begin=3, End=3)
simple("gather", "GATHER", (2, 2, 4), (2, 3, 4), consts=[([2, 0],)], options=("GatherOptions", {"Axis": 1}))
case("gather rows", (2, 3, 8))(
    lambda g: g.op("GATHER", g.weights(10, 8), g.input(2, 3, dtype="int32"), options=("GatherOptions", {"Axis": 0}))
)
case("gather in batches", (2, 5))(
    lambda g: g.op("GATHER", g.input(2, 3, 5), g.input(2, dtype="int32"), options=("GatherOptions", {"Axis": 1, "BatchDims": 1}))
)
simple("gather nd", "GATHER_ND", (2, 4), (2, 3, 4), consts=[([[0, 1], [1, 2]],)])
case("embedding", (5, 8))(lambda g: g.op("EMBEDDING_LOOKUP", g.input(5, dtype="int32"), g.weights(10, 8)))
case("scatter nd", (4, 3))(lambda g: g.op("SCATTER_ND", g.const([[0], [2]]), g.input(2, 3), g.const([4, 3])))
simple("tile", "TILE", (4, 9), (2, 3), consts=[([2, 3],)])
simple("broadcast to", "BROADCAST_TO", (4, 2, 3), (2, 1), consts=[([4, 2, 3],)])
case("fill", (2, 3))(lambda g: g.op("FILL", g.const([2, 3]), g.input()))
simple("pad", "PAD", (3, 6), (2, 3), consts=[([[0, 1], [1, 2]],)])
case("pad v2", (3, 6))(lambda g: g.op("PADV2", g.input(2, 3), g.const([[0, 1], [1, 2]]), g.const(1.0, "float32")))
simple("mirror pad", "MIRROR_PAD", (2, 5), (2, 3), consts=[([[0, 0], [1, 1]],)], options=("MirrorPadOptions", {"Mode": 0}))
simple("resize bilinear", "RESIZE_BILINEAR", (1, 8, 6, 3), (1, 4, 4, 3), consts=[([8, 6],)], options=("ResizeBilinearOptions", {}))
simple(
    "resize nearest",
    "RESIZE_NEAREST_NEIGHBOR",
    (1, 8, 6, 3),
    (1, 4, 4, 3),
    consts=[([8, 6],)],
    options=("ResizeNearestNeighborOptions", {}),
)
simple("depth to space", "DEPTH_TO_SPACE", (1, 4, 6, 2), (1, 2, 3, 8), options=("DepthToSpaceOptions", {"BlockSize": 2}))
simple("space to depth", "SPACE_TO_DEPTH", (1, 2, 3, 8), (1, 4, 6, 2), options=("SpaceToDepthOptions", {"BlockSize": 2}))
# rows (4+0+0)/2, columns (5+0+1)/2; 1*2*2 batches
simple("space to batch", "SPACE_TO_BATCH_ND", (4, 2, 3, 3), (1, 4, 5, 3), consts=[([2, 2],), ([[0, 0], [0, 1]],)])
simple("batch to space", "BATCH_TO_SPACE_ND", (1, 4, 5, 3), (4, 2, 3, 3), consts=[([2, 2],), ([[0, 0], [0, 1]],)])
simple("reverse", "REVERSE_V2", (2, 3), (2, 3), consts=[([1],)])
simple("cumsum", "CUMSUM", (2, 3), (2, 3), consts=[(1,)], options=("CumsumOptions", {}))
simple("matrix diag", "MATRIX_DIAG", (2, 3, 3), (2, 3))


def _through_shape(g: Graph) -> int:
    x = g.input(2, 3)
    shape = g.op("SHAPE", x, dtype="int32", options=("ShapeOptions", {"OutType": 2}))
    pick = {"options": ("StridedSliceOptions", {"ShrinkAxisMask": 1}), "dtype": "int32"}
    rows = g.op("STRIDED_SLICE", shape, g.const([0]), g.const([1]), g.const([1]), **pick)
    columns = g.op("STRIDED_SLICE", shape, g.const([1]), g.const([2]), g.const([1]), **pick)
    target = g.op("PACK", columns, rows, options=("PackOptions", {"ValuesCount": 2}), dtype="int32")
    return g.op("RESHAPE", x, target)


# the sizes 2 and 3 of the input, put together to (3, 2), as a shape
case("shape arithmetic", (3, 2))(_through_shape)


def _lstm(g: Graph, features: int = 3, hidden: int = 4, projected: int = 0, coupled: bool = False) -> int:
    out = projected or hidden
    x = g.input(2, 5, features)
    gates = [-1 if coupled else g.weights(hidden, features), *(g.weights(hidden, features) for _ in range(3))]
    recurrent = [-1 if coupled else g.weights(hidden, out), *(g.weights(hidden, out) for _ in range(3))]
    biases = [-1 if coupled else g.weights(hidden), *(g.weights(hidden) for _ in range(3))]
    projection = [g.weights(projected, hidden) if projected else -1, -1]
    states = [g.tensor((2, out), variable=True), g.tensor((2, hidden), variable=True)]
    options = ("UnidirectionalSequenceLSTMOptions", {"FusedActivationFunction": 4})
    return g.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", x, *gates, *recurrent, -1, -1, -1, *biases, *projection, *states, -1, -1, -1, -1, options=options
    )


case("lstm", (2, 5, 4))(_lstm)
case("lstm projected", (2, 5, 3))(lambda g: _lstm(g, projected=3))
case("lstm with coupled gates", (2, 5, 4))(lambda g: _lstm(g, coupled=True))
case("rnn", (2, 5, 4))(
    lambda g: g.op(
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        g.input(2, 5, 3),
        g.weights(4, 3),
        g.weights(4, 4),
        g.weights(4),
        g.tensor((2, 4), variable=True),
        options=("SequenceRNNOptions", {"FusedActivationFunction": 4}),
    )
)
case("rnn cell", (2, 4))(
    lambda g: g.op(
        "RNN",
        g.input(2, 3),
        g.weights(4, 3),
        g.weights(4, 4),
        g.weights(4),
        g.tensor((2, 4), variable=True),
        options=("RNNOptions", {"FusedActivationFunction": 4}),
    )
)
# 8 filters of rank 2 make 4 units
case("svdf", (2, 4))(
    lambda g: g.op(
        "SVDF",
        g.input(2, 3),
        g.weights(8, 3),
        g.weights(8, 6),
        g.weights(4),
        g.tensor((2, 48), variable=True),
        options=("SVDFOptions", {"Rank": 2}),
    )
)
case("quantized", (1, 4, 4, 2))(lambda g: g.op("QUANTIZE", g.input(1, 4, 4, 2), dtype="int8", quantized=True))
case("dequantized", (1, 4, 4, 2))(lambda g: g.op("DEQUANTIZE", g.input(1, 4, 4, 2, dtype="int8", quantized=True)))
simple("real fourier", "RFFT2D", (2, 1, 9), (2, 1, 16), consts=(([1, 16], "int32"),), dtype="complex64")
simple("real fourier of a picture, filled up", "RFFT2D", (2, 8, 5), (2, 6, 6), consts=(([8, 8], "int32"),), dtype="complex64")
case("magnitude", (2, 1, 9))(lambda g: g.op("COMPLEX_ABS", g.op("RFFT2D", g.input(2, 1, 16), g.const([1, 16]), dtype="complex64")))
case("real part", (2, 1, 9))(lambda g: g.op("REAL", g.op("RFFT2D", g.input(2, 1, 16), g.const([1, 16]), dtype="complex64")))
simple("segments", "UNSORTED_SEGMENT_SUM", (3, 5), (4, 5), consts=(([0, 2, 1, 0], "int32"), (3, "int32")))


@case("suppression", (10,), ())
def _(g: Graph):
    limits = [g.const(10), g.const(0.5, "float32"), g.const(0.1, "float32")]
    return g.op("NON_MAX_SUPPRESSION_V4", g.input(100, 4), g.input(100), *limits, outputs=2, dtype="int32")


CASES_BY_NAME = {c.name: c for c in CASES}
assert len(CASES_BY_NAME) == len(CASES)
