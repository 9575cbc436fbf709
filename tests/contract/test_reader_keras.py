"""Keras: configurations that the tests write, and, where Keras is installed, its models beside its own count of parameters."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm


def tensor(layer: str, shape: list[Any], call: int = 0, output: int = 0) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": shape, "dtype": "float32", "keras_history": [layer, call, output]}}


def layer(kind: str, name: str, *calls: Any, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    nodes = [{"args": list(call) if isinstance(call, tuple) else [call], "kwargs": {}} for call in calls]
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": nodes,
    }


def functional(layers: list[Any], outputs: list[Any], name: str = "net") -> dict[str, Any]:
    inputs = [[entry["name"], 0, 0] for entry in layers if entry["class_name"] == "InputLayer"]
    return {
        "module": "keras.src.models.functional", "class_name": "Functional",
        "config": {"name": name, "layers": layers, "input_layers": inputs, "output_layers": outputs},
    }  # fmt: skip


def small_net() -> dict[str, Any]:
    """Channels last: a convolution called twice, batch norm, a mean of rows and columns by keras.ops, a model inside."""
    x, y = [None, 8, 6, 3], [None, 8, 6, 3]
    inner = functional(
        [layer("InputLayer", "inner_input", batch_shape=[None, 3]), layer("Dense", "units", tensor("inner_input", [None, 3]), units=5, activation="relu")],
        [["units", 0, 0]], "inner",
    )  # fmt: skip
    layers = [
        layer("InputLayer", "picture", batch_shape=x, dtype="float32"),
        layer("Conv2D", "conv", tensor("picture", x), tensor("conv", y), filters=3, kernel_size=[3, 3], strides=[1, 1], padding="same"),
        layer("BatchNormalization", "norm", tensor("conv", y, 1), axis=-1, scale=False),
        layer("Add", "sum", (tensor("norm", y), 3.0), module="keras.src.ops.numpy"),
        layer("Mean", "mean", tensor("sum", y), module="keras.src.ops.numpy", axis=[1, 2], keepdims=False),
        {**inner, "name": "inner", "inbound_nodes": [{"args": [tensor("mean", [None, 3])], "kwargs": {}}]},
    ]
    return functional(layers, [["inner", 0, 0]])


def saved(path: Path, config: Any) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        archive.writestr("model.weights.h5", b"not opened")
    return path


def test_a_configuration(tmp_path: Path) -> None:
    net = cm.read(saved(tmp_path / "net.keras", small_net()), inputs={"picture": (2, None, None, None)})
    # twice 8*6 places * 3 filters * 3*3*3 taps, 3 * 5, for 2 pictures
    assert net.macs == 2 * (2 * 8 * 6 * 3 * 27 + 15)
    # the convolution's 3*3*3*3 and 3 once; 3*5 and 5; offsets without gains
    assert net.totals.parameters() == {"weights": 81 + 15, "biases": 8, "norm_affine": 3, "norm_statistics": 6, "constants": 0}
    assert [net.nodes[name].output_shapes[0] for name in ("picture", "conv", "conv_2", "norm")] == [(2, 8, 6, 3)] * 4
    assert list(net.nodes)[-2:] == ["inner/units", "inner/units/relu"]
    assert net == cm.Network.from_json(net.to_json())


def test_open_batch_and_a_configuration_in_memory() -> None:
    net = cm.read(small_net())
    assert [str(symbol) for symbol in net.symbols] == ["picture_0"]
    assert cm.evaluate(net.macs, {"picture_0": 7}) == 7 * (2 * 8 * 6 * 3 * 27 + 15)


def test_a_file_is_read_without_keras(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.keras", small_net())
    code = f"import sys, costmodel as cm; cm.read({str(path)!r}); print([m for m in ('torch', 'keras', 'tensorflow') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_calls_as_keras_2_writes_them() -> None:
    nodes = {"inbound_nodes": [[["a", 0, 0, {}]]]}
    layers = [
        {**layer("InputLayer", "a"), "config": {"name": "a", "batch_input_shape": [None, 4]}},
        {**layer("Dense", "b", units=3), **nodes},
        {**layer("Dense", "c", units=3), **nodes},
        {**layer("Concatenate", "d", axis=-1), "inbound_nodes": [[["b", 0, 0, {}], ["c", 0, 0, {}]]]},
    ]
    assert cm.read(functional(layers, [["d", 0, 0]]), inputs={"a": (1, 4)}).macs == 24


def sequence(*layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


@pytest.mark.parametrize(
    ("shape", "made", "output", "macs", "parameters"),
    [
        # kernel 2 at stride 3 leaves a row behind: (5 - 1)*3 + 2 + 1
        ((1, 5, 5, 2), layer("Conv2DTranspose", "l", filters=4, kernel_size=[2, 2], strides=[3, 3], padding="valid"), (1, 15, 15, 4), 25 * 2 * 4 * 4, 36),
        ((1, 9, 4), layer("Conv1D", "l", filters=6, kernel_size=[3], padding="causal"), (1, 9, 6), 9 * 6 * 12, 78),
        ((1, 8, 8, 2), layer("SeparableConv2D", "l", filters=6, kernel_size=[3, 3], depth_multiplier=2), (1, 6, 6, 6), 36 * 4 * 9 + 36 * 6 * 4, 36 + 24 + 6),
        ((1, 7, 5), layer("LSTM", "l", units=3), (1, 3), 7 * 4 * 3 * 8, 4 * 3 * 9),
        ((1, 7, 5), layer("GRU", "l", units=3, return_sequences=True, reset_after=True), (1, 7, 3), 7 * 3 * 3 * 8, 3 * 3 * 8 + 18),
        ((1, 4, 6, 3), layer("EinsumDense", "l", equation="abcd,de->abce", output_shape=[None, None, 5], bias_axes="e"), (1, 4, 6, 5), 24 * 15, 20),
        ((1, 4, 6, 3), layer("ZeroPadding2D", "l", padding=[[0, 1], [2, 3]]), (1, 5, 11, 3), 0, 0),
        ((1, 4, 6, 3), layer("Cropping2D", "l", cropping=[[1, 1], [0, 2]]), (1, 2, 4, 3), 0, 0),
        ((1, 4, 6, 3), layer("UpSampling2D", "l", size=[2, 3], interpolation="bilinear"), (1, 8, 18, 3), 0, 0),
        ((1, 4, 6, 3), layer("GlobalMaxPooling2D", "l", keepdims=True), (1, 1, 1, 3), 0, 0),
        ((1, 3, 4, 6), layer("AveragePooling2D", "l", pool_size=[2, 2], data_format="channels_first"), (1, 3, 2, 3), 0, 0),
        ((1, 4, 6, 3), layer("PReLU", "l", shared_axes=[1, 2]), (1, 4, 6, 3), 0, 3),
        ((1, 4, 6), layer("Reshape", "l", target_shape=[-1, 8]), (1, 3, 8), 0, 0),
        ((1, 4, 6, 3), layer("Permute", "l", dims=[3, 1, 2]), (1, 3, 4, 6), 0, 0),
        ((1, 4, 6, 3), layer("Normalization", "l", axis=[-1]), (1, 4, 6, 3), 0, 6),
    ],
)  # fmt: skip
def test_layers(shape: tuple[int, ...], made: Any, output: tuple[int, ...], macs: int, parameters: int) -> None:
    net = cm.read(sequence(made), inputs={"x": shape})
    assert (net.shape(net.outputs[0]), net.macs, net.totals.all) == (output, macs, parameters)


def test_attention() -> None:
    x = tensor("x", [1, 7, 6])
    layers = [layer("InputLayer", "x", batch_shape=[1, 7, 6]), layer("MultiHeadAttention", "m", (x, x), num_heads=2, key_dim=4)]
    net = cm.read(functional(layers, [["m", 0, 0]]))
    # three projections 6 -> 8 and one back over 7 rows; two products of 2 heads * 7*7 * 4
    assert net.macs == 4 * 7 * 48 + 2 * 2 * 49 * 4
    assert net.totals.parameters() == {"weights": 4 * 48, "biases": 3 * 8 + 6, "norm_affine": 0, "norm_statistics": 0, "constants": 0}
    assert net.shape(net.outputs[0]) == (1, 7, 6)


def test_python_code_is_refused() -> None:
    config = sequence(layer("Lambda", "double", function={"class_name": "__lambda__", "config": {"code": "4wEA"}}))
    with pytest.raises(cm.errors.UnknownLayerError, match=r"Lambda layer holds Python code, which is not run.*'double'"):
        cm.read(config, inputs={"x": (1, 4)})
    net = cm.read(config, inputs={"x": (1, 4)}, unknown="count")
    assert net.coverage == 0
    assert net.assumptions == ("the output of Lambda 'double' has the shape of its first input",)


def test_a_layer_without_a_rule_and_a_rule_of_the_user() -> None:
    from costmodel.readers._rules import CUSTOM

    config = sequence({**layer("Mixer", "m"), "module": None, "registered_name": "Mine>Mixer"})
    with pytest.raises(cm.errors.UnknownLayerError, match=r"Keras operator 'Mixer'.*'Mine'.*layer 'm' \(Mixer\)"):
        cm.read(config, inputs={"x": (1, 4)})
    cm.readers.register("Mixer", domain="Mine")(lambda op: op.emit(cm.layers.Dense(4, bias=False), op.inputs[0]))
    try:
        assert cm.read(config, inputs={"x": (1, 4)}).macs == 16
    finally:
        del CUSTOM["Mine", "Mixer"]


def cyclic() -> dict[str, Any]:
    layers = [
        layer("InputLayer", "a", batch_shape=[1, 3]),
        layer("Add", "b", [tensor("a", [1, 3]), tensor("c", [1, 3])]),
        layer("ReLU", "c", tensor("b", [1, 3])),
    ]
    return functional(layers, [["c", 0, 0]])


def wrong_shape() -> dict[str, Any]:
    layers = [
        layer("InputLayer", "a", batch_shape=[1, 3]),
        layer("Dense", "b", tensor("a", [1, 3]), units=4),
        layer("ReLU", "c", tensor("b", [1, 5])),
    ]
    return functional(layers, [["c", 0, 0]])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "is no .keras archive"),
        ("[1]", "is a list"),
        ({"class_name": "MyModel", "config": {"units": 3}}, "is a MyModel whose layers only its Python code knows"),
        (cyclic(), "reads .*missing, or in a cycle"),
        (wrong_shape(), r"gives the shape \(1, 4\) by its rule, but the file says \(1, 5\)"),
        (functional([layer("InputLayer", "a", batch_shape=[1, -3])], [["a", 0, 0]]), "can't be read|integer of at least 0"),
        (functional([layer("InputLayer", "a", batch_shape=[1, 3]), layer("Dense", "b", tensor("a", [1, 3]), units="many")], [["b", 0, 0]]), "'b'"),
    ],
)  # fmt: skip
def test_broken_files(tmp_path: Path, config: Any, message: str) -> None:
    with pytest.raises(cm.errors.ReaderError, match=message) as caught:
        cm.read(saved(tmp_path / "net.keras", config))
    assert "net.keras" in str(caught.value)


def test_archives_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(b"no zip")
    with pytest.raises(cm.errors.ReaderError, match=r"no \.keras archive"):
        cm.read(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as archive:
        archive.writestr("metadata.json", "{}")
    with pytest.raises(cm.errors.ReaderError, match=r"holds no config\.json"):
        cm.read(tmp_path / "b.keras")


# With Keras --------------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_models_agree_with_keras_own_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters, and every shape that the configuration gives, which the reader checks itself."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("torch")
    keras = pytest.importorskip("keras")
    layers, ops = keras.layers, keras.ops
    picture = keras.Input((16, 12, 3))
    shared = layers.Conv2D(3, 3, padding="same", activation="gelu")
    x = ops.relu(shared(shared(picture))) * 2 + picture
    x = layers.LayerNormalization()(layers.DepthwiseConv2D(3, depth_multiplier=2)(x))
    first, second = ops.split(x[:, :, ::2], 2, axis=-1)
    y = layers.Reshape((-1, 3))(layers.Concatenate(axis=1)([first, second]))
    y = layers.MultiHeadAttention(2, 4)(y, y)
    y = layers.Bidirectional(layers.GRU(3))(layers.LSTM(5, return_sequences=True)(y))
    model = keras.Model(picture, [keras.Sequential([layers.Dense(4), layers.Dense(2)])(y), ops.mean(x, axis=(1, 2))])
    net = cm.read(model, inputs={"x": (1, 16, 12, 3)})
    assert net.totals.all == model.count_params()
    model.save(tmp_path / "net.keras")
    assert cm.read(tmp_path / "net.keras", inputs={"x": (1, 16, 12, 3)}).totals == net.totals


def test_a_convolutional_lstm_convolves_input_and_state() -> None:
    """5 steps of 16x16, 3 channels in, 8 kept, 3x3: 5 * 256 * 32 * (27 + 72) MACs; 32 * (27 + 72) weights, 32 biases."""
    shape = [1, 5, 16, 16, 3]
    made = layer("ConvLSTM2D", "memory", tensor("x", shape), filters=8, kernel_size=[3, 3], strides=[1, 1], padding="same")
    network = cm.read(functional([layer("InputLayer", "x", batch_shape=shape), made], [["memory", 0, 0]]))
    assert network.shape(network.outputs[0]) == (1, 16, 16, 8)
    assert (network.macs, network.totals.weights, network.totals.biases) == (5 * 256 * 32 * 99, 32 * 99, 32)


def test_the_layer_scale_of_convnext_is_a_factor_a_channel() -> None:
    shape = [1, 7, 7, 96]
    made = layer("LayerScale", "scale", tensor("x", shape), init_values=1e-6, projection_dim=96)
    network = cm.read(functional([layer("InputLayer", "x", batch_shape=shape), made], [["scale", 0, 0]]))
    assert (network.shape(network.outputs[0]), network.totals.all) == ((1, 7, 7, 96), 96)
