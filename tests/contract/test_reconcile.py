"""Other tools' figures, against what the tools printed: tests/data/tools.json, written by benchmarks/reconcile.py."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.version import Version
from typer.testing import CliRunner

import costmodel as cm
from costmodel import cli
from costmodel.counters import TOOLS
from costmodel.counters.account import CAUSES, account
from costmodel.network import Network

L: Any = cm.layers
RUNS = json.loads((Path(__file__).parents[1] / "data" / "tools.json").read_text("utf-8"))


class Case(NamedTuple):
    """A model of torchvision, or a module of benchmarks/reconcile.py, in our layers."""

    run: str
    build: Callable[[], Network]
    functions: tuple[str, ...] = ()
    unlike: dict[str, tuple[int, int]] = {}  # noqa: RUF012
    """What a tool printed more, operations and parameters, each derived beside it."""


def without_softmax(network: Network) -> Network:
    """torchvision's classifiers end with the dense layer."""
    nodes = list(network.nodes.values())
    assert nodes[-1].layer.kind == "softmax"
    return Network(network.name, nodes[:-1], nodes[-1].inputs)


def conv(x: Any, channels: int, kernel: int = 1, stride: int = 1, act: bool = True, **options: Any) -> Any:
    x = L.BatchNorm()(L.Conv2d(channels, kernel, stride=stride, padding=kernel // 2, **{"bias": False} | options)(x))
    return L.ReLU()(x) if act else x


def vgg16_bn() -> Network:
    x = cm.Input((1, 3, 224, 224))
    for channels, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(repeats):
            x = conv(x, channels, 3, bias=True)
        x = L.MaxPool2d(2)(x)
    x = L.Flatten()(L.AdaptiveAvgPool2d(7)(x))
    for _ in range(2):
        x = L.Dropout()(L.ReLU()(L.Dense(4096)(x)))
    return Network.of(L.Dense(1000)(x))


def googlenet() -> Network:
    """With batch norms, 3x3 where the paper has 5x5, and a last pooling of 2x2."""
    x = conv(cm.Input((1, 3, 224, 224)), 64, 7, 2)
    x = L.MaxPool2d(3, 2, ceil_mode=True)(x)
    x = L.MaxPool2d(3, 2, ceil_mode=True)(conv(conv(x, 64), 192, 3))
    modules = [
        (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), 3, (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64), (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), 2, (256, 160, 320, 32, 128, 128),
        (384, 192, 384, 48, 128, 128),
    ]  # fmt: skip
    for module in modules:
        if isinstance(module, int):
            x = L.MaxPool2d(module, 2, ceil_mode=True)(x)
            continue
        one, reduce3, three, reduce5, five, projection = module
        pooled = L.MaxPool2d(3, 1, padding=1, ceil_mode=True)(x)
        branches = conv(x, one), conv(conv(x, reduce3), three, 3), conv(conv(x, reduce5), five, 3), conv(pooled, projection)
        x = L.Concat()(*branches)
    return Network.of(L.Dense(1000)(L.Flatten()(L.GlobalAvgPool()(x))))


def shufflenet_v2() -> Network:
    """Half of the channels passes each block by: the halves are inputs of their own here."""
    x = L.MaxPool2d(3, 2, padding=1)(conv(cm.Input((1, 3, 224, 224)), 24, 3, 2))
    size, outputs = 56, []
    for channels, repeats in ((116, 4), (232, 8), (464, 4)):
        half, size = channels // 2, size // 2
        for block in range(repeats):
            stride = 2 if block == 0 else 1
            before = x if block == 0 else cm.Input((1, half, size, size), name=f"half{channels}.{block}")
            aside = cm.Input((1, half, size, size), name=f"aside{channels}.{block}")
            if block == 0:
                aside = conv(L.BatchNorm()(L.DepthwiseConv2d(3, stride=2, padding=1, bias=False)(x)), half)
            y = L.BatchNorm()(L.DepthwiseConv2d(3, stride=stride, padding=1, bias=False)(conv(before, half)))
            x = L.ChannelShuffle(2)(L.Concat()(aside, conv(y, half)))
            outputs.append(x)
    x = L.GlobalAvgPool()(conv(x, 1024), name="mean")
    return Network.of([*outputs, L.Dense(1000)(L.Flatten()(x))])


def convnext_tiny() -> Network:
    """Channels go last inside a block; each turn is an input of its own here."""
    turn = iter(range(1000))

    def turned(*shape: int) -> Any:
        return cm.Input((1, *shape), name=f"turn{next(turn)}")

    names = iter(f"norm2d_{n}" for n in range(5))
    outputs = [L.Conv2d(96, 4, stride=4, padding=0)(turned(3, 224, 224)), L.LayerNorm()(turned(56, 56, 96), name=next(names))]
    for channels, repeats, size in ((96, 3, 56), (192, 3, 28), (384, 9, 14), (768, 3, 7)):
        for _ in range(repeats):
            x = turned(channels, size, size)
            outputs.append(L.DepthwiseConv2d(7, padding=3)(x))
            y = L.Dense(channels)(L.GELU()(L.Dense(4 * channels)(L.LayerNorm()(turned(size, size, channels)))))
            outputs.append(y)
            outputs.append(L.Add()(L.Multiply()(turned(channels, size, size), turned(channels, 1, 1)), x))
        if channels < 768:
            outputs.append(L.LayerNorm()(turned(size, size, channels), name=next(names)))
            outputs.append(L.Conv2d(2 * channels, 2, stride=2, padding=0)(turned(channels, size, size)))
    outputs.append(L.GlobalAvgPool()(turned(768, 7, 7)))
    outputs.append(L.LayerNorm()(turned(1, 1, 768), name=next(names)))
    return Network.of([*outputs, L.Dense(1000)(turned(768))])


def transposed() -> Network:
    x = L.ConvTranspose2d(8, 4, stride=2, padding=1)(cm.Input((1, 16, 10, 12)))
    x = L.LeakyReLU()(L.BatchNorm()(x))
    return Network.of(L.ConvTranspose2d(4, 3, stride=2, padding=1, output_padding=1, bias=False)(x))


def grouped_transposed() -> Network:
    return Network.of(L.ConvTranspose2d(8, 3, stride=2, padding=1, groups=4)(cm.Input((1, 16, 10, 12))))


def feedforward() -> Network:
    x = cm.Input((1, 10, 64))
    return Network.of(L.Add()(x, L.Dense(64)(L.GELU()(L.Dense(256)(L.LayerNorm()(x))))))


def operators(functions: bool = False) -> Network:
    """The transposed factor is an input of its own here."""
    x = L.Dense(64, bias=False)(cm.Input((1, 10, 64)))
    scores = L.MatMul()(x, cm.Input((1, 64, 10), name="transposed"))
    y = L.MatMul()(scores, L.Add()(L.Multiply()(x, x), x))
    return Network.of(L.Softmax()(L.ReLU()(y)) if functions else y)


def moderns() -> Network:
    x = L.Conv2d(32, 3, padding=1)(cm.Input((1, 3, 32, 32)))
    x = L.ELU()(L.AvgPool2d(2)(L.SiLU()(L.GroupNorm(groups=8)(x))))
    x = L.ReLU6()(L.Sigmoid()(L.Tanh()(L.HardSigmoid()(L.HardSwish()(x)))))
    return Network.of(L.Softmax()(L.MaxPool2d(3, 2, padding=1)(x)))


def volumes() -> Network:
    x = L.MaxPool3d(2)(L.Conv3d(8, 3, stride=(1, 2, 2), padding=1)(cm.Input((1, 2, 4, 16, 16))))
    return Network.of(L.Conv1d(16, 5, padding=0, groups=2)(L.Reshape((1, 8, -1))(x)))


def zoo(name: str, **arguments: Any) -> Callable[[], Network]:
    return lambda: without_softmax(cm.zoo.build(name, **arguments))


# shufflenet_v2 pools 1024 maps of 7x7 = 50,176 values by x.mean, which no hook sees: what each tool's rule for a pooling gives is
# missing. In the ONNX file it is a ReduceMean, without the 4 * 1024 of a global pooling, and each of 13 chunks is 1 + 4 + 1 + 1
# operations on single numbers.
POOLED_BY_MEAN = {
    "ptflops": (-2 * 50_176, 0),
    "fvcore": (-50_176, 0),
    "thop": (-50_176 - 1_024, 0),
    "calflops_flops": (-50_176, 0),
    "onnx_tool": (-4 * 1_024 + 13 * 7, 0),
    "onnx_tool_folded": (-4 * 1_024 + 13 * 7, 0),
}
# convnext_tiny scales each block by a vector of parameters, which we take for an input: 3 * 96 + 3 * 192 + 9 * 384 + 3 * 768 values.
# thop sees parameters of known modules alone.
LAYER_SCALE = {tool: (0, 6_624) for tool in TOOLS if tool not in ("thop", "flop_counter")}

CASES: list[Case] = [
    Case("alexnet", zoo("alexnet", variant="torchvision")),
    Case("vgg16_bn", vgg16_bn),
    Case("resnet18", zoo("resnet18")),
    Case("resnet50", zoo("resnet50", version="v1.5")),
    Case("mobilenet_v2", zoo("mobilenet_v2"), ("pool",)),
    Case("mobilenet_v3_small", zoo("mobilenet_v3_small")),
    Case("squeezenet1_1", zoo("squeezenet_1_1", resolution=224)),
    Case("densenet121", zoo("densenet121"), ("last/act", "pool")),
    Case("googlenet", googlenet, ("relu",)),
    Case("shufflenet_v2_x1_0", shufflenet_v2, (), POOLED_BY_MEAN),
    Case("efficientnet_b0", zoo("efficientnet_b0")),
    Case("convnext_tiny", convnext_tiny, tuple(f"norm2d_{n}" for n in range(5)), LAYER_SCALE),
    Case("transposed", transposed),
    Case("grouped_transposed", grouped_transposed),
    Case("feedforward", feedforward),
    Case("operators", operators),
    Case("functions", lambda: operators(functions=True), ("matmul", "add", "multiply", "relu", "softmax")),
    Case("moderns", moderns),
    Case("volumes", volumes),
]


def printed() -> Iterator[Any]:
    for case in CASES:
        for tool in TOOLS:
            yield pytest.param(case, tool, id=f"{case.run}-{tool}")


@pytest.mark.parametrize(("case", "tool"), list(printed()))
def test_figures_equal_what_the_tool_printed(case: Case, tool: str) -> None:
    found = account(case.build(), TOOLS[tool], case.functions)
    operations, parameters = RUNS["figures"][case.run][tool]
    more_operations, more_parameters = case.unlike.get(tool, (0, 0))
    assert found.unknown == ()
    assert found.figure == operations - more_operations
    assert found.parameters == (None if parameters is None else parameters - more_parameters)


def rows(table: Any) -> dict[str, Any]:
    return {row["tool"]: row for row in table.rows}


def test_every_row_adds_up_and_says_how_it_counts() -> None:
    for row in cm.reconcile(cm.zoo.mobilenet_v3_small()).rows:
        assert row["figure"] == 56_510_400 + sum(row[cause] for cause in CAUSES), row["tool"]
        assert row["convention"]
        assert row["prints"]


def test_a_transposed_convolution_is_counted_by_another_rule() -> None:
    """10*12 input positions meet 16*8 * 4*4 weights: 245,760 MACs; torchinfo and thop take the 20*24 output positions."""
    x = cm.Input((1, 16, 10, 12))
    found = rows(cm.reconcile(Network.of(L.ConvTranspose2d(8, 4, stride=2, padding=1, bias=False)(x))))
    assert found["costmodel"]["figure"] == 245_760
    assert found["torchinfo"]["figure"] == found["thop"]["figure"] == 4 * 245_760
    assert found["thop"]["otherwise"] == 3 * 245_760
    assert found["fvcore"]["figure"] == 245_760


def test_products_written_as_operators_are_missed() -> None:
    """10*64 * 10 + 10*10 * 64 = 12,800 MACs of two products; 10*64 * 64 = 40,960 of the dense layer."""
    found = rows(cm.reconcile(operators()))
    assert found["costmodel"]["figure"] == 53_760
    assert {tool for tool, row in found.items() if row["missed"] == -12_800} == {
        "torchinfo",
        "ptflops",
        "thop",
        "calflops, MACs",
        "calflops, FLOPs",
    }
    written = rows(cm.reconcile(operators(), functions=("matmul",)))
    assert {tool for tool, row in written.items() if row["missed"] == -12_800} == {"torchinfo", "thop"}


def test_a_layer_without_a_rule_is_named_and_never_zero_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = tuple(rule for rule in TOOLS["thop"].rules if "dense" in rule.kinds)
    monkeypatch.setitem(TOOLS, "thop", TOOLS["thop"]._replace(rules=dense))
    found = rows(cm.reconcile(feedforward()))["thop"]
    assert found["unknown_kinds"] == ("layer_norm", "gelu", "add")
    assert found["figure"] == 2 * 10 * 64 * 256
    monkeypatch.setitem(TOOLS, "thop", TOOLS["thop"]._replace(rules=()))
    table = cm.reconcile(feedforward())
    found = rows(table)["thop"]
    assert (found["figure"], found["unknown"]) == (0, -2 * 10 * 64 * 256)
    assert "no rule for" in [column.heading for column in table.columns]


@pytest.mark.parametrize(
    ("claimed", "reaching"),
    [
        ("8178368512", ["costmodel, 2 a MAC", "torch FlopCounterMode"]),  # printed by torch 2.13.0
        (8178368512, ["costmodel, 2 a MAC", "torch FlopCounterMode"]),
        ("4133742592", ["thop"]),  # printed by thop 0.1.1.post2209072238
        ("4.13G", ["ptflops", "thop"]),  # 4.1324 and 4.1337
        ("4.45 GMACs", ["onnx-tool"]),  # printed by onnx-tool 1.0.1
        ("8,178 MFLOPs", ["costmodel, 2 a MAC", "torch FlopCounterMode"]),
    ],
)
def test_a_claim_finds_the_tools_that_print_it(claimed: Any, reaching: list[str]) -> None:
    table = cm.reconcile(without_softmax(cm.zoo.resnet50(version="v1.5")), claimed=claimed)
    assert table.notes[0] == f"{claimed} is what these give: {'; '.join(reaching)}"
    assert [row["claim"] for row in table.rows].count("gives it") == len(reaching)
    assert {row["tool"] for row in table.rows[: len(reaching)]} == set(reaching)


def test_a_claim_that_nothing_gives_names_the_nearest_and_looks_at_the_parameters() -> None:
    """3.8G is what He et al., arXiv:1512.03385, print of ResNet-50; 25.6 M are its parameters."""
    net = without_softmax(cm.zoo.resnet50(version="v1.5"))
    assert cm.reconcile(net, claimed="3.8G").notes[0].startswith("nothing here gives 3.8G; costmodel is nearest, with 4089184256")
    assert cm.reconcile(net, claimed="25.6M").notes[0].endswith("as a number of parameters it is the total trainable or all")


@pytest.mark.parametrize("claimed", ["", "4.1 apples", "-4G", "0", "4.1Gx", "nan", True, "1e9"])
def test_a_claim_that_is_no_figure_is_refused(claimed: Any) -> None:
    with pytest.raises(cm.errors.QuantityError, match="claimed"):
        cm.reconcile(feedforward(), claimed=claimed)


def test_unknown_functions_and_symbolic_claims_are_refused() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="'gellu'; did you mean gelu"):
        cm.reconcile(feedforward(), functions=("gellu",))
    with pytest.raises(cm.errors.SymbolicError, match="plain sizes"):
        cm.reconcile(cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32)), claimed="569M")


def test_symbols_give_closed_forms() -> None:
    r = cm.symbols("R", multiple_of=32)
    found = rows(cm.reconcile(cm.zoo.resnet18(resolution=r)))
    for tool, row in rows(cm.reconcile(cm.zoo.resnet18())).items():
        assert found[tool]["figure"].subs(r, 224) == row["figure"], tool


def test_recurrences_and_attention_are_stored_for_their_readers() -> None:
    """torch runs an LSTM as one operator on a CPU: those that count operators print nothing."""
    assert {tool for tool, figures in RUNS["figures"]["lstm"].items() if figures[0] == 0} == {
        "ptflops_aten", "fvcore", "flop_counter", "calflops_macs",
    }  # fmt: skip


def test_every_rule_has_a_source_and_every_tool_the_version_that_was_run() -> None:
    for tool in TOOLS.values():
        assert Version(RUNS["versions"][tool.package]).public == tool.version
        assert tool.repository.startswith("https://github.com/")
        for rule in tool.rules:
            assert rule.file.endswith(".py"), rule
            assert rule.function, rule
            assert len(rule.quote) > 10, rule
            assert rule.words, rule


def test_no_kind_has_two_rules() -> None:
    for tool in TOOLS.values():
        for kind in cm.layers.LAYERS:
            matching = [rule for rule in tool.rules if rule.of(kind)]
            assert len(matching) <= 1, (tool.name, kind)


def shell(*words: str) -> str:
    result = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_shell_prints_the_table_and_judges_a_claim() -> None:
    printed = json.loads(shell("reconcile", "resnet50", "--version", "v1.5", "--format", "json"))
    assert next(row["figure"] for row in printed if row["tool"] == "torch FlopCounterMode") == 8_178_368_512
    text = shell("reconcile", "mobilenet_v2", "--claimed", "314M", "--function", "pool")
    assert "314M is what these give: fvcore" in text
    assert "called as functions: pool" in text
    assert "count_normalization" in shell("list", "tools", "--format", "csv")


def recurrent() -> Network:
    return Network.of(L.LSTM(64, batch_first=True)(cm.Input((1, 10, 32)))[0])


def gated() -> Network:
    return Network.of(L.GRU(16, directions=2, batch_first=True)(cm.Input((1, 10, 32)))[0])


def plain() -> Network:
    return Network.of(L.RNN(8, batch_first=True)(cm.Input((1, 10, 32)))[0])


def looked() -> Network:
    return Network.of(L.Dense(8)(L.Embedding((100, 16))(cm.Input((1, 10)))))


def styled() -> Network:
    x = L.Conv2d(8, 3, padding=0, bias=False)(cm.Input((1, 3, 10, 10)))
    return Network.of(L.PReLU((8, 1, 1))(L.InstanceNorm()(x)))


READ = {"lstm": recurrent, "gru": gated, "rnn": plain, "embedding": looked, "instance_norm": styled}
"""Modules of layers that come with the readers of model files."""


@pytest.mark.skipif("lstm" not in cm.layers.LAYERS, reason="there are no such layers yet")
@pytest.mark.parametrize("tool", list(TOOLS))
@pytest.mark.parametrize("run", READ)
def test_read_layers_equal_what_the_tool_printed(run: str, tool: str) -> None:
    found, printed = account(READ[run](), TOOLS[tool]), RUNS["figures"][run][tool]
    if isinstance(printed, str):
        pytest.skip(f"{tool} fails: {printed}")
    assert [found.figure, found.parameters] == printed


def test_a_name_will_do() -> None:
    assert cm.reconcile("mobilenet_v1").rows == cm.reconcile(cm.zoo.mobilenet_v1()).rows
