"""The backend node tests of ONNX: every model is read or refused; where it is read, output shapes are those of the reference outputs.

Declared output shapes are taken out first; integer inputs are given as values.
"""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

import costmodel as cm

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from onnx.backend.test.case.node import collect_testcases


def stripped(model: onnx.ModelProto) -> bytes:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.value_info[:]
    for output in copy.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    return copy.SerializeToString()


def outcome(test, path: Path) -> str:
    """read or refused; anything else fails."""
    given, wanted = test.data_sets[0]
    shapes, values = {}, {}
    for declared, value in zip(test.model.graph.input, given, strict=False):
        if isinstance(value, onnx.TensorProto):
            shapes[declared.name] = tuple(value.dims)
        elif isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype.kind not in "OUS":
            shapes[declared.name] = np.asarray(value).shape
            if np.asarray(value).dtype.kind in "iub":
                values[declared.name] = np.asarray(value)
    path.write_bytes(stripped(test.model))
    try:
        network = cm.read(path, shapes, values)
    except cm.errors.UnknownLayerError:
        return "refused"
    shape_of = [tuple(w.dims) if isinstance(w, onnx.TensorProto) else np.asarray(w).shape for w in wanted]
    assert [network.shape(ref) for ref in network.outputs] == shape_of
    assert network.coverage == 1
    assert cm.Network.from_json(network.to_json()) == network
    cm.predict(network).to_json()
    return "read"


def outcomes(path: Path, every: int) -> Counter[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tests = collect_testcases(None)
    found: Counter[str] = Counter()
    for test in tests[::every]:
        try:
            found[outcome(test, path)] += 1
        except Exception as error:
            error.add_note(f"in {test.name}")
            raise
    return found


def test_a_tenth_of_the_node_tests(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "model.onnx", 10)
    assert found["read"] >= 0.85 * found.total()


@pytest.mark.slow
def test_the_node_tests(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "model.onnx", 1)
    print(f"{found['read']} of {found.total()} read, {found['refused']} refused")
    assert found["read"] >= 0.85 * found.total()
