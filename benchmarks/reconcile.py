"""What the other counting tools print: run them on torchvision's models and on small modules, and keep the integers.

The tools need packages that costmodel does not: torch, torchvision, torchinfo, ptflops, fvcore, thop, calflops, onnx, onnx-tool.
`python benchmarks/reconcile.py` rewrites tests/data/tools.json; `--quotes` checks that every rule's quotation stands in its file.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import io
import json
import logging
import multiprocessing
import re
import sys
import tomllib
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

ROOT = Path(__file__).parents[1]
PACKAGES = ("torch", "torchvision", "torchinfo", "ptflops", "fvcore", "thop", "calflops", "onnx", "onnx-tool")
Figures = tuple[int, int | None]
"""Operations and parameters; None where the tool prints no parameters."""


class Transposed(nn.Module):
    """Upsampling in groups, with an output padding."""

    def __init__(self) -> None:
        super().__init__()
        self.up1 = nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.act = nn.LeakyReLU()
        self.up2 = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up2(self.act(self.norm(self.up1(x))))


class GroupedTransposed(nn.Module):
    """A transposed convolution in groups."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, groups=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(x)


class Feedforward(nn.Module):
    """A transformer's second half: the dense layers see a sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(64)
        self.up = nn.Linear(64, 256)
        self.act = nn.GELU()
        self.down = nn.Linear(256, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.down(self.act(self.up(self.norm(x))))


class Operators(nn.Module):
    """Sum and products written with Python's operators."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(64, 64, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.dense(x)
        return (x @ x.transpose(1, 2)) @ (x * x + x)


class Functions(Operators):
    """The same, and two layers more, written as functions of torch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.dense(x)
        y = torch.matmul(torch.matmul(x, x.transpose(1, 2)), torch.add(torch.mul(x, x), x))
        return torch.nn.functional.softmax(torch.nn.functional.relu(y), -1)


class Moderns(nn.Module):
    """One of each activation and norm, on a batch of two where the tool lets us."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, padding=1)
        self.layers = nn.Sequential(
            nn.GroupNorm(8, 32), nn.SiLU(), nn.AvgPool2d(2), nn.ELU(), nn.Hardswish(), nn.Hardsigmoid(), nn.Tanh(), nn.Sigmoid(),
            nn.ReLU6(), nn.MaxPool2d(3, 2, 1), nn.Softmax(-1),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(self.stem(x))


class Volumes(nn.Module):
    """One and three spatial axes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3 = nn.Conv3d(2, 8, (3, 3, 3), stride=(1, 2, 2), padding=1)
        self.pool3 = nn.MaxPool3d(2)
        self.conv1 = nn.Conv1d(8, 16, 5, groups=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv1(self.pool3(self.conv3(x)).flatten(2))


class Recurrence(nn.Module):
    """An LSTM over a sequence, batch first."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]


class Gated(nn.Module):
    """A GRU in both directions, batch first."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(32, 16, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gru(x)[0]


class Plain(nn.Module):
    """A plain recurrence, batch first."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(32, 8, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rnn(x)[0]


class Looked(nn.Module):
    """An embedding and a dense layer; the input is rounded to indices."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(100, 16)
        self.dense = nn.Linear(16, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(self.table(x.long()))


class Styled(nn.Module):
    """An instance norm with gains and a PReLU behind a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.InstanceNorm2d(8, affine=True), nn.PReLU(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Attention(nn.Module):
    """torch's own multi-head attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "transposed": (Transposed, (1, 16, 10, 12)),
    "grouped_transposed": (GroupedTransposed, (1, 16, 10, 12)),
    "feedforward": (Feedforward, (1, 10, 64)),
    "operators": (Operators, (1, 10, 64)),
    "functions": (Functions, (1, 10, 64)),
    "moderns": (Moderns, (1, 3, 32, 32)),
    "volumes": (Volumes, (1, 2, 4, 16, 16)),
    "lstm": (Recurrence, (1, 10, 32)),
    "gru": (Gated, (1, 10, 32)),
    "rnn": (Plain, (1, 10, 32)),
    "embedding": (Looked, (1, 10)),
    "instance_norm": (Styled, (1, 3, 10, 10)),
    "multihead_attention": (Attention, (1, 10, 64)),
}
"""Small modules by name, each with the shape of its input."""

TORCHVISION = {
    "alexnet": {}, "vgg16_bn": {}, "resnet18": {}, "resnet50": {}, "mobilenet_v2": {}, "mobilenet_v3_small": {}, "squeezenet1_1": {},
    "densenet121": {}, "googlenet": {"init_weights": False, "aux_logits": False}, "shufflenet_v2_x1_0": {}, "efficientnet_b0": {},
    "convnext_tiny": {},
}  # fmt: skip


def torchinfo(model: nn.Module, x: torch.Tensor) -> Figures:
    from torchinfo import summary

    found = summary(model, input_data=(x,), verbose=0)
    return found.total_mult_adds, found.total_params


def ptflops(model: nn.Module, x: torch.Tensor, backend: str = "pytorch") -> Figures:
    from ptflops import get_model_complexity_info

    return get_model_complexity_info(model, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False, backend=backend,
                                     output_precision=6)  # fmt: skip


def ptflops_aten(model: nn.Module, x: torch.Tensor) -> Figures:
    return ptflops(model, x, "aten")


def fvcore(model: nn.Module, x: torch.Tensor) -> Figures:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    return FlopCountAnalysis(model, (x,)).total(), parameter_count(model)[""]


def thop(model: nn.Module, x: torch.Tensor) -> Figures:
    from thop import profile

    return profile(model, (x,), verbose=False)


def flop_counter(model: nn.Module, x: torch.Tensor) -> Figures:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops(), None


def _calflops(model: nn.Module, x: torch.Tensor) -> tuple[int, int, int]:
    from calflops import calculate_flops

    return calculate_flops(model, args=[x], print_results=False, output_as_string=False)


def calflops_macs(model: nn.Module, x: torch.Tensor) -> Figures:
    _, macs, parameters = _calflops(model, x)
    return macs, parameters


def calflops_flops(model: nn.Module, x: torch.Tensor) -> Figures:
    flops, _, parameters = _calflops(model, x)
    return flops, parameters


def onnx_tool(model: nn.Module, x: torch.Tensor, folded: bool = False) -> Figures:
    import onnx
    import onnx_tool as tool

    stream = io.BytesIO()
    kept = {} if folded else {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
    torch.onnx.export(model, (x,), stream, dynamo=False, opset_version=17, **kept)
    graph = tool.Model(onnx.load_from_string(stream.getvalue())).graph
    graph.graph_reorder_nodes()
    graph.shape_infer(None)
    graph.profile()
    return graph.macs[0], graph.params


def onnx_tool_folded(model: nn.Module, x: torch.Tensor) -> Figures:
    return onnx_tool(model, x, folded=True)


TOOLS = (torchinfo, ptflops, ptflops_aten, fvcore, thop, flop_counter, calflops_macs, calflops_flops, onnx_tool, onnx_tool_folded)


HUBS = {
    "accelerate": ("init_empty_weights",),
    "accelerate.utils": ("is_timm_available", "is_transformers_available"),
    "transformers": ("AutoConfig", "AutoModel", "AutoTokenizer"),
    "transformers.models": (),
    "transformers.models.auto": ("AutoModel", "AutoTokenizer"),
}


def _stand_ins() -> None:
    """What imports ask for and no run uses: torchvision's compiled operators, calflops' access to model hubs."""
    origin = importlib.util.find_spec("torchvision").origin
    registrations = (Path(origin).parent / "_meta_registrations.py").read_text("utf-8")
    library = torch.library.Library("torchvision", "DEF")
    for name in sorted(set(re.findall(r'register_(?:fake|meta)\("(?:torchvision::)?(\w+)"', registrations))):
        with contextlib.suppress(RuntimeError):
            library.define(name + "(Tensor a) -> Tensor")
    _stand_ins.library = library
    for name, words in HUBS.items():
        if name not in sys.modules and (name.count(".") or importlib.util.find_spec(name) is None):
            sys.modules[name] = types.ModuleType(name)
            for word in words:
                setattr(sys.modules[name], word, lambda: False)


def _looks(name: str) -> tuple[nn.Module, tuple[int, ...]]:
    if name in MODULES:
        build, shape = MODULES[name]
        return build(), shape
    import torchvision

    return torchvision.models.get_model(name, weights=None, **TORCHVISION[name]), (1, 3, 224, 224)


def _varied(model: nn.Module) -> nn.Module:
    """The model with vectors that differ: the exporter to ONNX keeps equal ones, as fresh norms have, only once."""
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.ndim in (1, 3) and tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)
    return model


def measure(name: str, tool: Callable[[nn.Module, torch.Tensor], Figures]) -> list[int | None] | str:
    """What `tool` prints of a model, or how it fails."""
    model, shape = _looks(name)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            operations, parameters = tool(_varied(model).eval(), torch.zeros(shape))
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0][:100]
    if operations is None:
        return "it caught an error of its own and printed nothing"
    assert int(operations) == operations
    return [int(operations), None if parameters is None else int(parameters)]


def run(names: list[str]) -> dict[str, Any]:
    """Every tool on every model, each in a process of its own: calflops and ptflops replace functions of torch."""
    figures: dict[str, Any] = {}
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as processes:
        for name in names:
            figures[name] = {tool.__name__: processes.apply(measure, (name, tool)) for tool in TOOLS}
            print(name, figures[name], flush=True)
    return figures


def quotes() -> int:
    """How many quotations of the rules do not stand in the file that they name."""
    missing = 0
    for path in sorted((ROOT / "costmodel" / "counters" / "tools").glob("*.toml")):
        tool = tomllib.loads(path.read_text("utf-8"))
        for rule in tool.get("rules", ()):
            package = importlib.util.find_spec(rule["file"].split("/")[0]).origin
            text = "".join((Path(package).parents[1] / rule["file"]).read_text("utf-8").split())
            for quote in rule["quote"].split(" ... "):
                if "".join(quote.split()) not in text:
                    missing += 1
                    print(f"{path.name}: {rule['file']} does not hold {quote!r}")
    print(f"{missing} quotations are missing")
    return missing


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--quotes", action="store_true", help="only check the quotations of the rules")
    words.add_argument("names", nargs="*", help="models; all where none is given")
    given = words.parse_args()
    if given.quotes:
        sys.exit(quotes() > 0)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    _stand_ins()
    path = ROOT / "tests" / "data" / "tools.json"
    before = json.loads(path.read_text("utf-8"))["figures"] if given.names and path.exists() else {}
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    figures = before | run(given.names or [*MODULES, *TORCHVISION])
    path.write_text(json.dumps({"versions": versions, "figures": figures}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
