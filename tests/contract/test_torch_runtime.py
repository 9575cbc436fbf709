"""Networks run in PyTorch, beside ONNX Runtime on the same weights. One short smoke run measures; nothing else does."""

import sys
from types import SimpleNamespace

import pytest

import costmodel as cm
from costmodel.calibration import Measurements, TorchRuntime, measure, micro_networks
from costmodel.calibration.measure import subject
from costmodel.layers import (
    AvgPool2d,
    BatchNorm,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose2d,
    Dense,
    GlobalMaxPool,
    HardSigmoid,
    LeakyReLU,
    MaxPool2d,
    PReLU,
    ReLU,
    SiLU,
    Softplus,
    Transpose,
)


def test_without_pytorch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(cm.errors.MissingExtraError, match=r"install it with: pip install torch$"):
        TorchRuntime()


@pytest.fixture
def runtime():
    pytest.importorskip("torch", reason="PyTorch is needed to run networks in it")
    pytest.importorskip("onnx", reason="models are handed over as ONNX")
    return TorchRuntime()


def difference(network, runtime):
    """The largest difference from ONNX Runtime's outputs, as a share of the largest number in them."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is the second way")
    one = subject(network)
    session = onnxruntime.InferenceSession(one.model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = runtime.outputs(one.model, one.inputs)
    assert list(found) == names
    worst = 0.0
    for name, ref, expected in zip(names, network.outputs, session.run(names, dict(one.inputs)), strict=True):
        assert found[name].shape == expected.shape == network.shape(ref)
        assert expected.std() > 0
        worst = max(worst, float(abs(found[name] - expected).max() / abs(expected).max()))
    return worst


def test_a_network_as_onnx_runtime_runs_it(runtime):
    assert difference(cm.zoo.mobilenet_v2(resolution=96), runtime) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(cm.zoo.NETWORKS))
def test_every_network_as_onnx_runtime_runs_it(name, runtime):
    assert difference(getattr(cm.zoo, name)(), runtime) < 1e-3


def some_micro_networks():
    """The least work of each kind of micro-benchmark."""
    least = {}
    for network in micro_networks():
        words = network.name.split()
        kind = " ".join(words[: 3 if words[0] == "flavour" else 2 if words[0] in ("resize", "relu") else 1])
        if kind not in least or network.macs < least[kind].macs:
            least[kind] = network
    return {kind: network for kind, network in least.items() if kind != "streamed"}


MICRO = some_micro_networks()


@pytest.mark.parametrize("kind", MICRO)
def test_micro_benchmarks_as_onnx_runtime_runs_them(kind, runtime):
    assert difference(MICRO[kind], runtime) < 1e-3


STACKS = {
    "one axis": ((1, 4, 20), [Conv1d(6, 3, stride=2), ReLU()]),
    "three axes": ((1, 2, 6, 7, 8), [Conv3d(4, 3, padding="same")]),
    "dilated": ((1, 4, 13, 11), [Conv2d(6, 3, dilation=2, groups=2)]),
    "uneven padding": ((1, 4, 12, 12), [Conv2d(6, 3, stride=2), MaxPool2d(2, stride=1, padding="same")]),
    "uneven average": ((1, 4, 12, 12), [AvgPool2d(3, stride=2, padding="same")]),
    "ceiling": ((1, 4, 12, 12), [MaxPool2d(3, stride=2, padding="valid", ceil_mode=True)]),
    "transposed, cut": ((1, 4, 6, 6), [ConvTranspose2d(6, 3, stride=2)]),
    "dense of a sequence": ((1, 5, 8), [Dense(6)]),
    "norm, pool": ((1, 4, 6, 6), [BatchNorm(), GlobalMaxPool()]),
    "activations": ((1, 4, 6, 6), [HardSigmoid(), LeakyReLU(), Softplus(), SiLU()]),
    "slopes": ((1, 4, 6, 6), [PReLU((4, 1, 1))]),
    "slopes by column": ((1, 4, 6, 6), [PReLU((1, 1, 6))]),
    "turned": ((1, 4, 6, 7), [Transpose((0, 2, 3, 1))]),
}


@pytest.mark.parametrize("name", STACKS)
def test_layers_as_onnx_runtime_runs_them(name, runtime):
    shape, stack = STACKS[name]
    assert difference(cm.sequential(shape, stack, name=name), runtime) < 1e-3


@pytest.fixture
def tiny():
    return cm.sequential((1, 3, 8, 8), [Conv2d(4, 3), BatchNorm(), SiLU(), MaxPool2d(2)], name="tiny")


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float16", 2)])
def test_smoke_run(dtype, size, tmp_path, tiny, runtime):
    found = measure([tiny], tmp_path / "m.csv", runs=2, seconds=0.01, runtime=TorchRuntime(dtype=dtype))
    whole, *layers = Measurements.read(tmp_path / "m.csv")
    assert list(found) == [whole, *layers]
    assert whole.runtime.startswith("torch ")
    assert (whole.dtype, whole.bits, whole.threads) == (dtype, 8 * size, 1)
    assert whole.input_bytes == size * (3 * 8 * 8 + 4 * 8 * 8)  # of the convolution and of the pooling
    assert [(r.kind, r.macs) for r in layers] == [("standard", 4 * 8 * 8 * 27), ("max_pool2d", 0)]


def test_operators_keep_their_names_and_silu_is_one(tiny, runtime):
    one = subject(tiny)
    found = runtime.operators(one.model, one.inputs, 1)
    assert [kind for kind, _ in found.values()] == ["Conv", "BatchNormalization", "SiLU", "MaxPool"]
    assert set(found) <= set(one.layer_of)


def test_threads_are_given_back(tiny, runtime):
    torch = pytest.importorskip("torch")
    before, one = torch.get_num_threads(), subject(tiny)
    TorchRuntime(threads=before + 1).whole(one.model, one.inputs, 1, 0.0)
    assert torch.get_num_threads() == before


class Event:
    """Of a card whose clock moves on by three milliseconds an event."""

    made = 0

    def __init__(self, enable_timing):
        assert enable_timing

    def record(self, stream):
        Event.made += 1
        self.ms, self.done = 3 * Event.made, False

    def synchronize(self):
        self.done = True

    def elapsed_time(self, end):
        return float(end.ms - self.ms)


def test_a_card_is_timed_by_its_events(monkeypatch, tiny, runtime):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: f"card {number}")
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: SimpleNamespace())
    monkeypatch.setattr(torch.cuda, "Event", Event)
    card = TorchRuntime(device="cuda:0")
    assert card.machine == "card 0"
    assert ", cuDNN " in card.name
    card.device, one = torch.device("cpu"), subject(tiny)  # there is no card: only the clock is its
    assert [timing.median_s for _, timing in card.operators(one.model, one.inputs, 2).values()] == pytest.approx([3e-3] * 4)
    assert card.whole(one.model, one.inputs, 1, 0.0).median_s == pytest.approx(3e-3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"device": "tpu"}, "must be cpu, cuda or cuda:NUMBER"),
        ({"device": "cuda:99"}, "cuda:NUMBER of a card; PyTorch finds"),
        ({"dtype": "float64"}, "must be float32 or float16"),
        ({"threads": 0}, "at least 1"),
    ],
)
def test_arguments_that_cannot_be_taken(arguments, said, runtime):
    with pytest.raises(cm.errors.FieldError, match=said):
        TorchRuntime(**arguments)


def model(*nodes, opset=17, **stored):
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y")]
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in stored.items()]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, ["y"], "it", **rest) for kind, inputs, rest in nodes], "g", *zip(ends), weights
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    return made.SerializeToString(), {"x": np.ones((1, 2, 4, 4), np.float32)}


def test_what_has_no_equivalent(runtime):
    with pytest.raises(
        cm.errors.UnknownLayerError, match=r"operator 'it' \(Einsum\) has no equivalent in PyTorch here; those that have are Add"
    ):
        runtime.outputs(*model(("Einsum", ["x"], {"equation": "abcd->ab"})))
    with pytest.raises(cm.errors.UnknownLayerError, match=r"operator 'it' \(MaxPool\) has no equivalent .* with auto_pad='SAME_UPPER'"):
        runtime.outputs(*model(("MaxPool", ["x"], {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"})))
    with pytest.raises(cm.CostModelError, match="operator set 11"):
        runtime.outputs(*model(("Softmax", ["x"], {}), opset=11))
    with pytest.raises(cm.CostModelError, match=r"PyTorch doesn't run operator 'it' \(Reshape\): "):
        runtime.outputs(*model(("Reshape", ["x", "shape"], {}), shape=[5, 5]))
