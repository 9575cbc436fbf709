"""The names and numbers of the TFLite file format, version 3: operators, number formats, and the options of operators.

After the schema of TensorFlow Lite, tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from __future__ import annotations

_OPERATORS = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED
HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU
RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM
EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE
BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN
TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX
PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE
RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU
REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5
SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D
IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE
ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1
UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT
STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP
STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE
STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM STABLEHLO_NEGATE
STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER
STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA
STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE
STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
"""
OPERATORS: tuple[str, ...] = tuple(_OPERATORS.split())
"""The builtin operators by their number."""

DTYPES: tuple[str, ...] = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64", "complex128",
    "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16", "int2", "uint4", "float8e4m3fn", "float8e5m2",
)  # fmt: skip
"""Number formats by their number."""

ACTIVATIONS: tuple[str, ...] = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
"""Fused activations by their number."""

Option = tuple[int, str] | tuple[int, str, object]
"""The slot in the options, the form of the number ("*" before it: a vector; "text"), and what it is where it is left out."""

_ACTIVATION: dict[str, Option] = {"activation": (0, "b")}
_POOL: dict[str, Option] = {
    "padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"), "filter_w": (3, "i"), "filter_h": (4, "i"), "activation": (5, "b"),
}  # fmt: skip
_CONV_3D: dict[str, Option] = {
    "padding": (0, "b"), "stride_d": (1, "i"), "stride_w": (2, "i"), "stride_h": (3, "i"), "activation": (4, "b"),
    "dilation_d": (5, "i", 1), "dilation_w": (6, "i", 1), "dilation_h": (7, "i", 1),
}  # fmt: skip
_KEEP: dict[str, Option] = {"keep_dims": (0, "?")}
_BLOCK: dict[str, Option] = {"block_size": (0, "i")}
_LOOP: dict[str, Option] = {"cond": (0, "i"), "body": (1, "i")}

OPTIONS: dict[str, dict[str, Option]] = {
    "CONV_2D": {
        "padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"), "activation": (3, "b"), "dilation_w": (4, "i", 1),
        "dilation_h": (5, "i", 1),
    },
    "DEPTHWISE_CONV_2D": {
        "padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"), "multiplier": (3, "i"), "activation": (4, "b"),
        "dilation_w": (5, "i", 1), "dilation_h": (6, "i", 1),
    },
    "CONV_3D": _CONV_3D,
    "CONV_3D_TRANSPOSE": _CONV_3D,
    "TRANSPOSE_CONV": {"padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"), "activation": (3, "b")},
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "L2_POOL_2D": _POOL,
    "FULLY_CONNECTED": {"activation": (0, "b"), "weights_format": (1, "b"), "keep_num_dims": (2, "?")},
    "BATCH_MATMUL": {"adj_x": (0, "?"), "adj_y": (1, "?")},
    "SVDF": {"rank": (0, "i"), "activation": (1, "b")},
    "RNN": _ACTIVATION,
    "UNIDIRECTIONAL_SEQUENCE_RNN": {"time_major": (0, "?"), "activation": (1, "b")},
    "BIDIRECTIONAL_SEQUENCE_RNN": {"time_major": (0, "?"), "activation": (1, "b"), "merge": (2, "?")},
    "LSTM": {"activation": (0, "b"), "kernel_type": (3, "b")},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": {"activation": (0, "b"), "time_major": (3, "?"), "diagonal": (5, "?")},
    "BIDIRECTIONAL_SEQUENCE_LSTM": {"activation": (0, "b"), "merge": (3, "?"), "time_major": (4, "?", True)},
    "CONCATENATION": {"axis": (0, "i"), "activation": (1, "b")},
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV", "L2_NORMALIZATION"), _ACTIVATION),
    "LOCAL_RESPONSE_NORMALIZATION": {"radius": (0, "i")},
    "RESHAPE": {"shape": (0, "*i")},
    **dict.fromkeys(("SPACE_TO_DEPTH", "DEPTH_TO_SPACE"), _BLOCK),
    "GATHER": {"axis": (0, "i"), "batch_dims": (1, "i")},
    **dict.fromkeys(("SUM", "MEAN", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL"), _KEEP),
    "SQUEEZE": {"axes": (0, "*i")},
    "STRIDED_SLICE": {
        "begin_mask": (0, "i"), "end_mask": (1, "i"), "ellipsis_mask": (2, "i"), "new_axis_mask": (3, "i"),
        "shrink_axis_mask": (4, "i"), "offset": (5, "?"),
    },
    "PACK": {"axis": (1, "i")},
    "UNPACK": {"number": (0, "i"), "axis": (1, "i")},
    "SPLIT": {"pieces": (0, "i")},
    "SPLIT_V": {"pieces": (0, "i")},
    "ONE_HOT": {"axis": (0, "i")},
    "IF": {"then": (0, "i"), "else": (1, "i")},
    "WHILE": _LOOP,
    "STABLEHLO_WHILE": _LOOP,
    "CALL": {"subgraph": (0, "I")},
    "CALL_ONCE": {"subgraph": (0, "i")},
    "STABLEHLO_COMPOSITE": {"composite": (0, "text"), "subgraph": (1, "i")},
    "VAR_HANDLE": {"container": (0, "text"), "shared_name": (1, "text")},
}  # fmt: skip
"""The options of every operator whose rule asks for them."""
