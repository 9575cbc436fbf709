"""Damaged .pt2 and .keras files end in a network or in an error of costmodel, soon."""

import copy
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import costmodel as cm

TENSORS = {"x": (1, 3, 8, 8), "w": (4, 3, 3, 3), "c": (1, 4, 8, 8), "r": (1, 4, 8, 8), "f": (1, 256), "v": (5, 256), "y": (1, 5)}


def argument(name: str, **value: Any) -> dict[str, Any]:
    return {"name": name, "arg": value or {"as_tensor": {"name": name}}}


def call(target: str, output: str, *inputs: Any) -> dict[str, Any]:
    stack = "L__self__,,Net;L__self__a,a,torch.nn.Module"
    return {
        "target": f"torch.ops.aten.{target}",
        "inputs": list(inputs),
        "outputs": [{"as_tensor": {"name": output}}],
        "metadata": {"nn_module_stack": stack},
    }


def ref(name: str) -> dict[str, Any]:
    return {"as_tensor": {"name": name}}


PROGRAM = {
    "graph_module": {
        "graph": {
            "inputs": [ref("w"), ref("v"), ref("x")], "outputs": [ref("y")], "sym_int_values": {},
            "nodes": [
                call("conv2d.default", "c", argument("input", **ref("x")), argument("weight", **ref("w")), argument("padding", as_ints=[1, 1])),
                call("relu_.default", "r", argument("self", **ref("c"))),
                call("view.default", "f", argument("self", **ref("r")), argument("size", as_ints=[1, -1])),
                call("linear.default", "y", argument("input", **ref("f")), argument("weight", **ref("v"))),
            ],
            "tensor_values": {name: {"dtype": 7, "sizes": [{"as_int": n} for n in shape]} for name, shape in TENSORS.items()},
        },
        "signature": {
            "input_specs": [
                {"parameter": {"arg": {"name": "w"}, "parameter_name": "a.weight"}}, {"parameter": {"arg": {"name": "v"}, "parameter_name": "b.weight"}},
                {"user_input": {"arg": ref("x")}},
            ],
            "output_specs": [{"user_output": {"arg": ref("y")}}],
        },
    },
    "range_constraints": {},
}  # fmt: skip


def keras_layer(kind: str, name: str, before: str, shape: list[Any], **config: Any) -> dict[str, Any]:
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": shape, "dtype": "float32", "keras_history": [before, 0, 0]}}
    return {
        "module": "keras.layers",
        "class_name": kind,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": [{"args": [tensor], "kwargs": {}}],
    }


CONFIG = {
    "class_name": "Functional",
    "config": {
        "name": "net",
        "layers": [
            {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [None, 8, 8, 3]}, "inbound_nodes": []},
            keras_layer("SeparableConv2D", "a", "x", [None, 8, 8, 3], filters=4, kernel_size=[3, 3], strides=[2, 2], padding="same"),
            keras_layer("BatchNormalization", "b", "a", [None, 4, 4, 4], axis=-1),
            keras_layer("Reshape", "c", "b", [None, 4, 4, 4], target_shape=[-1, 8]),
            keras_layer("LSTM", "d", "c", [None, 8, 8], units=3, activation="tanh"),
        ],
        "input_layers": ["x", 0, 0],
        "output_layers": ["d", 0, 0],
    },
}
RECORDS = {".pt2": ("net/models/model.json", PROGRAM), ".keras": ("config.json", CONFIG)}
JUNK = (None, True, -1, 0, 2, 7.5, 2**31, 2**62, "", "x", [], {}, [-1, 3], {"as_int": -7}, {"as_int": 2**40}, [["x", 0, 0]], "Lambda")


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield (*before, key)
        yield from places(entry, (*before, key))


def write(path: Path, name: str, record: Any) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, json.dumps(record))


@pytest.mark.parametrize("suffix", RECORDS)
def test_the_records_are_whole(suffix: str, tmp_path: Path) -> None:
    name, record = RECORDS[suffix]
    write(tmp_path / f"net{suffix}", name, record)
    # 8*8*4 * 27 and 256 * 5; 4*4 * (3*9 + 3*4) and 8 steps of 4*3*(8+3)
    wanted = 8 * 8 * 4 * 27 + 1280 if suffix == ".pt2" else 4 * 4 * 39 + 8 * 132
    assert cm.read(tmp_path / f"net{suffix}", inputs={"x": (1, *(None,) * 3)}).macs == wanted


@pytest.mark.parametrize("suffix", RECORDS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_records(suffix: str, tmp_path: Path, data: st.DataObject) -> None:
    name, whole = RECORDS[suffix]
    record = copy.deepcopy(whole)
    for *path, last in data.draw(st.lists(st.sampled_from(list(places(whole))), min_size=1, max_size=3)):
        holder = record
        try:
            for key in path:
                holder = holder[key]
            holder[last] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
        except (KeyError, IndexError, TypeError):
            continue
    write(tmp_path / f"net{suffix}", name, record)
    start = time.perf_counter()
    try:
        network = cm.read(tmp_path / f"net{suffix}", unknown=data.draw(st.sampled_from(("error", "count"))))
        assert network.totals is not None
    except cm.CostModelError:
        pass
    assert time.perf_counter() - start < 10
