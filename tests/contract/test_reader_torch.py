"""PyTorch: recorded programs that the tests write, and, where PyTorch is installed, modules beside its own counter of operations."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm

FLOAT, LONG = 7, 5
BATCH = {"as_expr": {"expr_str": "Symbol('s0', positive=True, integer=True)", "hint": {"as_int": 2}}}


def tensor(*sizes: Any, dtype: int = FLOAT) -> dict[str, Any]:
    return {"dtype": dtype, "sizes": [s if isinstance(s, dict) else {"as_int": s} for s in sizes]}


def node(target: str, outputs: list[str], module: str = "", **arguments: Any) -> dict[str, Any]:
    inputs = [
        {"name": name, "arg": value if isinstance(value, dict) else {"as_tensor": {"name": value}}} for name, value in arguments.items()
    ]
    stack = f"L__self__,,Net;{module},{module},torch.nn.Module" if module else "L__self__,,Net"
    return {
        "target": f"torch.ops.{target}",
        "inputs": inputs,
        "outputs": [{"as_tensor": {"name": n}} for n in outputs],
        "metadata": {"nn_module_stack": stack},
    }


def document(
    nodes: list[Any], tensors: dict[str, Any], stored: dict[str, str], user: list[str], output: str, **rest: Any
) -> dict[str, Any]:
    """A model.json as `torch.export.save` writes it; `stored` are the paths of parameters and buffers by their names in the graph."""
    kinds = {name: ("buffer", "buffer_name") if "running" in path else ("parameter", "parameter_name") for name, path in stored.items()}
    specs: list[Any] = [{kinds[name][0]: {"arg": {"name": name}, kinds[name][1]: path}} for name, path in stored.items()]
    specs += [{"user_input": {"arg": {"as_tensor": {"name": name}}}} for name in user]
    graph = {
        "inputs": [{"as_tensor": {"name": name}} for name in (*stored, *user)], "outputs": [{"as_tensor": {"name": output}}],
        "nodes": nodes, "tensor_values": tensors, "sym_int_values": {},
    } | rest  # fmt: skip
    outputs = [{"user_output": {"arg": {"as_tensor": {"name": output}}}}]
    module = {"graph": graph, "signature": {"input_specs": specs, "output_specs": outputs}}
    return {"graph_module": module, "range_constraints": {"s0": {"min_val": 1, "max_val": 64}}, "schema_version": {"major": 8, "minor": 20}}


def saved(path: Path, described: Any) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/models/model.json", described if isinstance(described, str) else json.dumps(described))
        archive.writestr("net/data/sample_inputs/model.pt", b"not opened")
    return path


def small_net() -> dict[str, Any]:
    """A convolution with batch norm and ReLU in place, global pooling, a classifier; the batch is open."""
    pair = {"as_ints": [1, 1]}
    nodes = [
        node(
            "aten.conv2d.default",
            ["c"],
            "stem.conv",
            input="x",
            weight="w",
            bias={"as_none": True},
            stride={"as_ints": [2, 2]},
            padding=pair,
        ),
        node(
            "aten.batch_norm.default",
            ["n"],
            "stem.norm",
            input="c",
            weight="g",
            bias="b",
            running_mean="m",
            running_var="v",
            training={"as_bool": False},
        ),
        node("aten.relu_.default", ["r"], "stem.act", self="n"),
        node("aten.adaptive_avg_pool2d.default", ["p"], "pool", self="r", output_size=pair),
        node("aten.flatten.using_ints", ["f"], self="p", start_dim={"as_int": 1}),
        node("aten.linear.default", ["y"], "head", input="f", weight="hw", bias="hb"),
    ]
    tensors = {
        "x": tensor(BATCH, 3, 32, 32), "w": tensor(8, 3, 3, 3), "g": tensor(8), "b": tensor(8), "m": tensor(8), "v": tensor(8),
        "hw": tensor(10, 8), "hb": tensor(10), "c": tensor(BATCH, 8, 16, 16), "n": tensor(BATCH, 8, 16, 16), "r": tensor(BATCH, 8, 16, 16),
        "p": tensor(BATCH, 8, 1, 1), "f": tensor(BATCH, 8), "y": tensor(BATCH, 10),
    }  # fmt: skip
    stored = {
        "w": "stem.conv.weight", "g": "stem.norm.weight", "b": "stem.norm.bias", "m": "stem.norm.running_mean",
        "v": "stem.norm.running_var", "hw": "head.weight", "hb": "head.bias",
    }  # fmt: skip
    return document(nodes, tensors, stored, ["x"], "y")


def test_a_recorded_program(tmp_path: Path) -> None:
    net = cm.read(saved(tmp_path / "net.pt2", small_net()), inputs={"x": ("N", 3, 32, 32)})
    # 16*16 outputs * 8 channels * 3*3*3 taps; 8 * 10
    assert cm.evaluate(net.macs, {"N": 1}) == 16 * 16 * 8 * 27 + 80
    assert cm.evaluate(net.macs, {"N": 5}) == 5 * (16 * 16 * 8 * 27 + 80)
    assert net.totals.parameters() == {"weights": 216 + 80, "biases": 10, "norm_affine": 16, "norm_statistics": 16, "constants": 0}
    assert list(net.nodes) == ["x", "stem.conv", "stem.norm", "stem.act", "pool", "flatten", "head"]
    assert (net.nodes["stem.conv"].weight_bits, net.nodes["stem.conv"].activation_bits) == (32, 32)
    assert net.assumptions == ("N <= 64, as the program was exported",)


def test_a_program_is_read_without_pytorch(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt2", small_net())
    code = f"import sys, costmodel as cm; cm.read({str(path)!r}); print([m for m in ('torch', 'keras', 'onnx') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_arithmetic_on_sizes(tmp_path: Path) -> None:
    """A channel shuffle written with views, as ShuffleNet does: (N, 2, C/2, H) with N and C from the sizes of the input."""
    size = {"as_sym_int": {"as_name": "n"}}
    shape = {"as_sym_ints": [{"as_name": "n"}, {"as_int": 2}, {"as_name": "half"}, {"as_int": -1}]}
    nodes = [
        {"target": "torch.ops.aten.sym_size.int", "inputs": [{"name": "self", "arg": {"as_tensor": {"name": "x"}}}, {"name": "dim", "arg": {"as_int": 0}}], "outputs": [size]},
        {"target": "_operator.floordiv", "inputs": [{"name": "a", "arg": {"as_int": 6}}, {"name": "b", "arg": {"as_int": 2}}], "outputs": [{"as_sym_int": {"as_name": "half"}}]},
        node("aten.view.default", ["a"], self="x", size=shape),
        node("aten.transpose.int", ["y"], self="a", dim0={"as_int": 1}, dim1={"as_int": 2}),
    ]  # fmt: skip
    tensors = {"x": tensor(BATCH, 6, 4), "a": tensor(BATCH, 2, 3, 4), "y": tensor(BATCH, 3, 2, 4)}
    net = cm.read(saved(tmp_path / "net.pt2", document(nodes, tensors, {}, ["x"], "y")), inputs={"x": (7, 6, 4)})
    assert net.shape(net.outputs[0]) == (7, 3, 2, 4)


def unknown_net() -> dict[str, Any]:
    nodes = [node("mylib.mystery.default", ["y"], "odd", input="x")]
    return document(nodes, {"x": tensor(1, 8), "y": tensor(1, 4)}, {}, ["x"], "y")


def test_an_operator_without_a_rule(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt2", unknown_net())
    with pytest.raises(cm.errors.UnknownLayerError, match=r"mystery.*node 'y' \(mylib.mystery.default\) of module 'odd'"):
        cm.read(path)
    net = cm.read(path, unknown="count")
    assert net.nodes["odd"].output_shapes == ((1, 4),)
    assert net.coverage == 0


def test_a_rule_of_the_user(tmp_path: Path) -> None:
    from costmodel.readers._rules import CUSTOM

    cm.readers.register("mystery", domain="mylib")(lambda op: op.emit(cm.layers.Dense(4, bias=False), op.inputs[0]))
    try:
        net = cm.read(saved(tmp_path / "net.pt2", unknown_net()))
    finally:
        del CUSTOM["mylib", "mystery"]
    assert net.macs == 32


def test_sizes_outside_of_what_was_exported(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt2", small_net())
    with pytest.raises(cm.errors.ReaderError, match="sizes of 1 to 64, got 65"):
        cm.read(path, inputs={"x": (65, 3, 32, 32)})
    with pytest.raises(cm.errors.ReaderError, match="the size 32 along axis 2 alone, got 64"):
        cm.read(path, inputs={"x": (1, 3, 64, 64)})


def broken(**changes: Any) -> str:
    described = small_net()
    described["graph_module"]["graph"].update(changes)
    return json.dumps(described)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "can't be read"),
        ("[]", "can't be read"),
        ("{}", "graph_module"),
        (broken(nodes=[node("aten.relu.default", ["y"], self="nothing")]), "reads 'nothing'"),
        (broken(tensor_values={"x": tensor(-1)}), "has the size -1"),
        (broken(tensor_values={"x": tensor({"as_expr": {"expr_str": "__import__('os')"}})}), "only plain symbols"),
        (broken(nodes=[node("aten.relu.default", ["c"], self={"as_tensor": 3})]), "can't be read"),
    ],
)
def test_a_broken_program(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(cm.errors.ReaderError, match=message) as caught:
        cm.read(saved(tmp_path / "net.pt2", text))
    assert "net.pt2" in str(caught.value)


def test_archives_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.pt2").write_bytes(b"no zip")
    with pytest.raises(cm.errors.ReaderError, match=r"no \.pt2 archive"):
        cm.read(tmp_path / "a.pt2")
    with zipfile.ZipFile(tmp_path / "b.pt2", "w") as archive:
        archive.writestr("data.pkl", b"")
    with pytest.raises(cm.errors.ReaderError, match=r"holds no models/model\.json.*ExportedProgram"):
        cm.read(tmp_path / "b.pt2")


def test_a_pickle_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(cm.errors.ReaderError, match=r"is a pickle.*torch\.export\.export.*\.onnx"):
        cm.read(tmp_path / "model.pth")


# With PyTorch ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch() -> Any:
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


def flops(torch: Any, module: Any, *inputs: Any) -> int:
    """MACs by PyTorch's own counter, which knows attention where it is written out."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    torch.backends.mha.set_fastpath_enabled(False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module.eval()(*inputs)
    torch.backends.mha.set_fastpath_enabled(True)
    return int(counter.get_total_flops()) // 2


def modules(torch: Any) -> dict[str, tuple[Any, tuple[int, ...]]]:
    nn = torch.nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(8, 8, 3, padding="same", groups=2), nn.Conv2d(8, 8, 1, bias=False)
            self.scale = nn.Parameter(torch.ones(8, 1, 1))

        def forward(self, x: Any) -> Any:
            y = self.b(nn.functional.gelu(self.a(x))) * self.scale
            y += x
            return torch.cat(y.chunk(2, 1), 3).mean((2, 3))

    class Shapes(nn.Module):
        def forward(self, x: Any) -> Any:
            b, c, h, w = x.shape
            y = x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h * w)[:, :, ::2]
            y = torch.einsum("bcx,bdx->bcd", y, y).softmax(-1)
            first, second = torch.stack([y, y.flip(1)], 1).unbind(1)
            return torch.where(first > 0, second @ y, y).var(1), nn.functional.pad(y, (1, 2)), y.topk(2)[0]

    return {
        "residual": (nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(inplace=True), Residual()), (2, 3, 20, 24)),
        "transposed": (nn.Sequential(nn.ConvTranspose2d(4, 6, 4, 2, 1), nn.GroupNorm(2, 6), nn.Upsample(scale_factor=2), nn.AvgPool2d(3, 2, 1)), (1, 4, 7, 7)),
        "pools": (nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True), nn.Conv2d(3, 4, 3, dilation=2), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(36, 5)), (1, 3, 28, 30)),
        "sequence": (nn.Sequential(nn.Conv1d(4, 8, 5, padding=2), nn.PReLU(8), nn.InstanceNorm1d(8, affine=True), nn.GLU(1)), (2, 4, 50)),
        "volume": (nn.Sequential(nn.Conv3d(2, 4, 3), nn.SiLU(), nn.MaxPool3d(2)), (1, 2, 8, 8, 8)),
        "encoder": (nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), (2, 5, 16)),
        "shapes": (Shapes(), (2, 4, 6, 5)),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["residual", "transposed", "pools", "sequence", "volume", "encoder", "shapes"])
def test_modules_agree_with_the_counter_of_pytorch(torch: Any, name: str) -> None:
    """MACs, the numbers of parameters and buffers of the state, and every recorded shape, which the reader checks itself."""
    module, shape = modules(torch)[name]
    module.train()
    net = cm.read(module, inputs={"x": shape})
    assert all(part.training for part in module.modules())
    assert net.macs == flops(torch, module, torch.zeros(shape))
    state = sum(t.numel() for t in module.state_dict().values() if t.is_floating_point())
    assert net.totals.all == state
    exported = torch.export.export(module, (torch.zeros(shape),))
    assert cm.read(exported).totals == net.totals


@pytest.mark.parametrize("name", ["residual", "transposed", "pools", "encoder", "shapes"])
def test_open_sizes_agree_with_fixed_ones(torch: Any, name: str, tmp_path: Path) -> None:
    module, shape = modules(torch)[name]
    open_shape = ("N", shape[1], *(f"S{axis}" for axis in range(2, len(shape)))) if name != "encoder" else ("N", "T", shape[2])
    net = cm.read(module, inputs={"x": open_shape})
    for factor in (1, 2, 3):
        fixed = tuple(size if isinstance(label, int) else size * factor + factor - 1 for size, label in zip(shape, open_shape, strict=True))
        at = {label: size for label, size in zip(open_shape, fixed, strict=True) if isinstance(label, str)}
        assert cm.evaluate(net.macs, at) == cm.read(module, inputs={"x": fixed}).macs == flops(torch, module, torch.zeros(fixed))
    dynamic = {axis: torch.export.Dim.AUTO for axis, size in enumerate(open_shape) if isinstance(size, str)}
    exported = torch.export.export(module.eval(), (torch.zeros(fixed),), dynamic_shapes=(dynamic,))
    torch.export.save(exported, tmp_path / "net.pt2")
    assert cm.read(tmp_path / "net.pt2", inputs={"x": fixed}).totals == cm.read(module, inputs={"x": fixed}).totals


def test_recurrences(torch: Any) -> None:
    net = cm.read(torch.nn.LSTM(20, 30, 2, bidirectional=True, batch_first=True), inputs={"x": (2, 5, 20)})
    # two directions: 10 steps * 4*30*(20+30), then 10 steps * 4*30*(60+30); two biases of 4*30 a layer and direction
    assert net.macs == 2 * 10 * (4 * 30 * 50 + 4 * 30 * 90)
    assert net.totals.biases == 2 * 2 * 2 * 120
    assert net.shape(net.outputs[0]) == (2, 5, 60)


def test_tied_weights_count_once_and_integers_are_said(torch: Any) -> None:
    class Tied(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.table, self.head = torch.nn.Embedding(100, 16), torch.nn.Linear(16, 100, bias=False)
            self.head.weight = self.table.weight

        def forward(self, ids: Any) -> Any:
            return self.head(self.table(ids))

    net = cm.read(Tied(), inputs={"ids": ((1, "T"), "int64")})
    assert net.totals.weights == 1600
    assert cm.evaluate(net.macs, {"T": 8}) == 8 * 1600
    assert cm.read(Tied(), inputs={"ids": torch.zeros(1, 8, dtype=torch.int64)}).macs == 8 * 1600
    with pytest.raises(cm.errors.ReaderError, match="int64"):
        cm.read(Tied(), inputs={"ids": (1, 8)})


def test_what_is_not_used_is_said(torch: Any) -> None:
    class Half(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return self.used(x)

    net = cm.read(Half(), inputs={"x": (1, 4)})
    assert net.totals.all == 20
    assert net.assumptions == ("20 stored parameters are not used and not counted: spare.weight, ...",)


def test_wrong_arguments(torch: Any) -> None:
    with pytest.raises(cm.errors.FieldError, match="for 'input'"):
        cm.read(torch.nn.Linear(3, 4))
    with pytest.raises(cm.errors.UnknownNameError, match="'wrong'"):
        cm.read(torch.nn.Bilinear(3, 3, 3), inputs={"input1": (1, 3), "wrong": (1, 3)})
    with pytest.raises(cm.errors.ReaderError, match=r"torch\.nn\.Module"):
        cm.read(torch.zeros(3))


def number(value: int) -> dict[str, Any]:
    return {"as_int": value}


def test_a_deformed_convolution_has_the_products_of_a_plain_one(tmp_path: Path) -> None:
    """8 to 16 channels, 3x3 on 10x10 with padding 1: 100*16*8*9 MACs; each of 8*100*9 taps is interpolated of four."""
    options = {f"{name}_{axis}": number(value) for name, value in (("stride", 1), ("pad", 1), ("dilation", 1)) for axis in "hw"}
    made = node(
        "torchvision.deform_conv2d.default", ["y"], input="x", weight="w", offset="offset", mask="mask", bias="b", **options,
        groups=number(1), offset_groups=number(1), use_mask={"as_bool": False},
    )  # fmt: skip
    shapes = {"x": (1, 8, 10, 10), "offset": (1, 18, 10, 10), "mask": (0, 0), "w": (16, 8, 3, 3), "b": (16,), "y": (1, 16, 10, 10)}
    described = document([made], {k: tensor(*v) for k, v in shapes.items()}, {"w": "weight", "b": "bias"}, ["x", "offset", "mask"], "y")
    network = cm.read(saved(tmp_path / "net.pt2", described))
    taps = [count for name in network.nodes for step, count in network.counts[name].other if step == "interpolate"]
    assert (network.macs, taps, network.totals.trainable) == (100 * 16 * 8 * 9, [8 * 900 * 4], 16 * 72 + 16)


def test_regions_are_sampled_and_averaged(tmp_path: Path) -> None:
    """8 regions of 7x7 cells, 2x2 places each, of 16 channels: four taps each, then means of four."""
    made = node("torchvision.roi_align.default", ["y"], input="x", rois="r", spatial_scale={"as_float": 1.0}, pooled_height=number(7),
                pooled_width=number(7), sampling_ratio=number(2), aligned={"as_bool": False})  # fmt: skip
    shapes = {"x": (1, 16, 32, 32), "r": (8, 5), "y": (8, 16, 7, 7)}
    network = cm.read(saved(tmp_path / "net.pt2", document([made], {k: tensor(*v) for k, v in shapes.items()}, {}, ["x", "r"], "y")))
    steps = [entry for name in network.nodes for entry in network.counts[name].other]
    assert steps == [("interpolate", 8 * 16 * 14 * 14 * 4), ("average", 8 * 16 * 49 * 4)]


def test_a_projected_lstm(tmp_path: Path) -> None:
    """20 steps, 40 features, 64 hidden, projected to 16: 20 * (256*(40+16) + 64*16) MACs."""
    stored = {"wi": (256, 40), "wh": (256, 16), "bi": (256,), "bh": (256,), "wr": (16, 64)}
    names = {"as_tensors": [{"name": name} for name in stored]}
    made = node("aten.lstm.input", ["y", "h", "c"], input="x", hx={"as_tensors": [{"name": "h0"}, {"name": "c0"}]}, params=names,
                has_biases={"as_bool": True}, num_layers=number(1), dropout={"as_float": 0.0}, train={"as_bool": False},
                bidirectional={"as_bool": False}, batch_first={"as_bool": False})  # fmt: skip
    shapes = stored | {"x": (20, 1, 40), "h0": (1, 1, 16), "c0": (1, 1, 64), "y": (20, 1, 16), "h": (1, 1, 16), "c": (1, 1, 64)}
    described = document([made], {k: tensor(*v) for k, v in shapes.items()}, {k: f"lstm.{k}" for k in stored}, ["x", "h0", "c0"], "y")
    network = cm.read(saved(tmp_path / "net.pt2", described))
    assert (network.macs, network.totals.weights, network.totals.biases) == (20 * (256 * 56 + 1024), 256 * 56 + 1024, 512)
