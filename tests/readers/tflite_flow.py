"""TFLite files with branches, loops and variables."""

from __future__ import annotations

from tflite_files import Graph, file_of


def dense(g: Graph, x: int, out: int, features: int) -> int:
    return g.op("FULLY_CONNECTED", x, g.weights(out, features), -1, options=("FullyConnectedOptions", {}))


def one(build, *inputs) -> Graph:
    g = Graph()
    return g.returns(build(g, *(g.input(*shape) for shape in inputs)))


def branching(condition=None) -> bytes:
    g = Graph()
    flag = g.input(1, dtype="bool", name="flag") if condition is None else g.tensor(data=[condition], dtype="bool")
    y = g.op("IF", flag, g.input(2, 4), options=("IfOptions", {"ThenSubgraphIndex": 1, "ElseSubgraphIndex": 2}))
    small, large = one(lambda g, x: dense(g, x, 4, 4), (2, 4)), one(lambda g, x: dense(g, dense(g, x, 8, 4), 4, 8), (2, 4))
    return file_of(g.returns(y), small, large)


def looping(start: int | None, operators: int = 0) -> bytes:
    g = Graph()
    count = g.input(dtype="int32", name="count") if start is None else g.const(start)
    _, y = g.op(
        "WHILE", count, g.input(2, 4), options=("WhileOptions", {"CondSubgraphIndex": 1, "BodySubgraphIndex": 2}), outputs=2, name="loop"
    )
    cond, body = Graph(), Graph()
    i, _ = cond.input(dtype="int32"), cond.input(2, 4)
    cond.returns(cond.op("LESS", i, cond.const(3), dtype="bool"))
    i, x = body.input(dtype="int32"), body.input(2, 4)
    for _ in range(operators):
        x = body.op("ABS", x)
    body.returns(body.op("ADD", i, body.const(1), options=("AddOptions", {}), dtype="int32"), dense(body, x, 4, 4))
    return file_of(g.returns(y), cond, body)


def stateful() -> bytes:
    g, start = Graph(), Graph()
    handle = ("VarHandleOptions", {"SharedName": "state"})
    g.op("CALL_ONCE", options=("CallOnceOptions", {"InitSubgraphIndex": 1}), outputs=0)
    state = g.op("VAR_HANDLE", options=handle, dtype="resource")
    x = g.input(1, 3, dtype="int8", quantized=True)
    before = g.op("READ_VARIABLE", state, dtype="int8", quantized=True, shape=(1, 5), name="before")
    both = g.op("CONCATENATION", before, x, options=("ConcatenationOptions", {"Axis": 1}), dtype="int8", quantized=True, name="both")
    after = g.op(
        "STRIDED_SLICE",
        both,
        g.const([0, 3]),
        g.const([1, 8]),
        g.const([1, 1]),
        options=("StridedSliceOptions", {}),
        dtype="int8",
        quantized=True,
    )
    g.op("ASSIGN_VARIABLE", state, after, outputs=0)
    inner = start.op("VAR_HANDLE", options=handle, dtype="resource")
    start.op("ASSIGN_VARIABLE", inner, start.weights(1, 5, dtype="int8", quantized=True), outputs=0)
    return file_of(g.returns(both), start)
