"""Mutated model files: whatever they hold, reading ends in a network or in an error of ours, soon and in little memory.

More cases: FUZZ_CASES=20000 pytest tests/property/test_fuzz_readers.py
"""

import os
import random
import resource
import time
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import costmodel as cm

CASES = int(os.environ.get("FUZZ_CASES", "300"))
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
SECONDS, BYTES = 2, 2**30


def arithmetic_model() -> bytes:
    """Shape arithmetic, a loop, a condition, a recurrence: what small files can do much harm with."""

    def tensor(name, values, dtype=TensorProto.INT64):
        return helper.make_tensor(name, dtype, [len(values)], values)

    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "one"], ["s2"]), helper.make_node("Identity", ["go"], ["go2"])], "body",
        [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, []), info("s", TensorProto.FLOAT, [1, 4])],
        [info("go2", TensorProto.BOOL, []), info("s2", TensorProto.FLOAT, [1, 4])],
    )  # fmt: skip
    branch = helper.make_graph([helper.make_node("Relu", ["y"], ["b"])], "branch", [], [info("b", TensorProto.FLOAT, None)])
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "two"], ["h"]),
        helper.make_node("Concat", ["four", "four", "h"], ["wide"], axis=0),
        helper.make_node("ConstantOfShape", ["wide"], ["zeros"]),
        helper.make_node("Expand", ["x", "wide4"], ["y"]),
        helper.make_node("Range", ["zero", "four0", "one0"], ["r"]),
        helper.make_node("Tile", ["y", "tiles"], ["tiled"]),
        helper.make_node("Conv", ["y", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2], group=1),
        helper.make_node("Resize", ["c", "", "scales"], ["big"]),
        helper.make_node("Slice", ["big", "zero1", "four", "two"], ["cut"]),
        helper.make_node("Loop", ["four0", "", "state"], ["s"], body=body),
        helper.make_node("If", ["flag"], ["d"], then_branch=branch, else_branch=branch),
        helper.make_node("Pad", ["d", "pads"], ["p"]),
        helper.make_node("LSTM", ["seq", "lw", "lr"], ["h1", "h2", "c2"], hidden_size=4),
    ]
    stored = [
        tensor("two", [2]), tensor("four", [4]), tensor("wide4", [1, 3, 8, 8]), tensor("tiles", [1, 1, 2, 2]), tensor("zero1", [0]),
        helper.make_tensor("zero", TensorProto.INT64, [], [0]), helper.make_tensor("four0", TensorProto.INT64, [], [4]),
        helper.make_tensor("one0", TensorProto.INT64, [], [1]), tensor("pads", [0, 0, 1, 1, 0, 0, 1, 1]),
        tensor("scales", [1.0, 1.0, 2.0, 2.0], TensorProto.FLOAT), helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
        helper.make_tensor("w", TensorProto.FLOAT, [4, 3, 3, 3], [0.0] * 108), helper.make_tensor("state", TensorProto.FLOAT, [1, 4], [0.0] * 4),
        helper.make_tensor("lw", TensorProto.FLOAT, [1, 16, 2], [0.0] * 32), helper.make_tensor("lr", TensorProto.FLOAT, [1, 16, 4], [0.0] * 64),
    ]  # fmt: skip
    inputs = [info("x", TensorProto.FLOAT, [1, 3, 8, 8]), info("flag", TensorProto.BOOL, [1]), info("seq", TensorProto.FLOAT, [5, 1, 2])]
    outputs = [info(name, TensorProto.FLOAT, None) for name in ("zeros", "r", "tiled", "cut", "s", "p", "h1")]
    graph = helper.make_graph(nodes, "arithmetic", inputs, outputs, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


HOSTILE = (0, 1, -1, 2, 3, 2**31 - 1, 2**31, 2**40, 2**62, -(2**62), 10**6, 65_537)


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Some bytes changed."""
    mutable = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        mutable[rng.randrange(len(mutable))] = rng.randrange(256)
    return bytes(mutable)


def truncated(data: bytes, rng: random.Random) -> bytes:
    """The beginning."""
    return data[: rng.randrange(len(data))]


def edited(data: bytes, rng: random.Random) -> bytes:
    """Sizes, attributes and references changed where the format has them."""
    model = onnx.ModelProto.FromString(data)
    graph = model.graph
    for _ in range(rng.choice((1, 2, 4))):
        choice = rng.randrange(6)
        node = rng.choice(graph.node)
        if choice == 0 and graph.initializer:
            tensor = rng.choice(graph.initializer)
            if tensor.dims:
                tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(HOSTILE)
        elif choice == 1 and graph.initializer:
            tensor = rng.choice(graph.initializer)
            if tensor.int64_data:
                tensor.int64_data[rng.randrange(len(tensor.int64_data))] = rng.choice(HOSTILE)
            elif tensor.raw_data and tensor.data_type == TensorProto.INT64:
                tensor.raw_data = rng.choice(HOSTILE).to_bytes(8, "little", signed=True) + tensor.raw_data[8:]
        elif choice == 2:
            for attribute in node.attribute:
                if attribute.ints:
                    attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(HOSTILE)
                elif attribute.type == onnx.AttributeProto.INT:
                    attribute.i = rng.choice(HOSTILE)
        elif choice == 3 and node.input:
            other = rng.choice(graph.node)
            node.input[rng.randrange(len(node.input))] = rng.choice([*other.output, *(t.name for t in graph.initializer), "", "nothing"])
        elif choice == 4 and graph.input:
            dims = rng.choice(graph.input).type.tensor_type.shape.dim
            if dims:
                rng.choice(dims).dim_value = rng.choice(HOSTILE)
        elif choice == 5:
            node.op_type = rng.choice(graph.node).op_type
    return model.SerializeToString()


@pytest.fixture(scope="module")
def seeds() -> list[bytes]:
    names = ("squeezenet", "shufflenet", "bvlc_alexnet")
    return [arithmetic_model(), *(p.read_bytes() for n in names if (p := LIGHT / f"light_{n}.onnx").exists())]


def test_the_model_itself_reads(seeds, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(seeds[0])
    network = cm.read(path)
    assert network.shape(network.outputs[0]) == (4, 4, 8)
    assert network.shape(network.outputs[-1]) == (5, 1, 1, 4)


def test_mutated_files(seeds, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for case in range(CASES):
        rng = random.Random(case)
        data = rng.choice((flipped, truncated, edited, edited))(rng.choice(seeds), rng)
        path.write_bytes(data)
        start = time.process_time()
        try:
            network = cm.read(path, unknown=rng.choice(("error", "count")))
            if not network.symbols:
                cm.predict(network).total.to_dict()
        except cm.CostModelError:
            pass
        except Exception as error:
            raise AssertionError(f"case {case} ended in {type(error).__name__}: {error}") from error
        assert time.process_time() - start < SECONDS, f"case {case} took too long"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < BYTES
