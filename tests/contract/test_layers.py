"""Every layer: its worked examples hold, also in symbols; its fields are checked; its network goes to JSON and back."""

import inspect

import numpy as np
import pytest
import sympy as sp

import costmodel as cm
from costmodel.formulas.operations import OTHER_OPS
from costmodel.layers import LAYERS, Counts, Layer, layer_class
from costmodel.network import Input, Network

EXAMPLES = [pytest.param(example, id=f"{kind}-{i}") for kind, cls in sorted(LAYERS.items()) for i, example in enumerate(cls.examples())]


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_has_an_example_and_a_docstring(kind: str) -> None:
    assert list(LAYERS[kind].examples())
    assert inspect.getdoc(LAYERS[kind])


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example) -> None:
    outputs, open_conditions = example.layer.infer(example.inputs)
    assert outputs == (example.output, *example.further_outputs)
    assert not open_conditions
    assert example.layer.counts(example.inputs, outputs[0]) == example.counts
    assert all(type(value) is int for value in example.counts.parameters().values())
    assert {step for step, _ in example.counts.other} <= OTHER_OPS.keys()


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_in_symbols(example) -> None:
    """Each size of each input becomes a symbol of its own, sizes that must agree the same one; substituted, counts are equal."""
    names: dict[int, sp.Symbol] = {}

    def symbol(size: int) -> sp.Symbol:
        return size if size == 1 else names.setdefault(size, sp.Symbol(f"n{size}", integer=True, positive=True))

    inputs = tuple(tuple(map(symbol, shape)) for shape in example.inputs)
    if example.layer.kind == "input":
        return
    outputs, _ = example.layer.infer(inputs)
    counts = example.layer.counts(inputs, outputs[0])
    values = {s: sp.Integer(n) for n, s in names.items()}

    def number(expression):
        return sp.sympify(expression).xreplace(values).doit()

    assert tuple(tuple(map(number, output)) for output in outputs) == (example.output, *example.further_outputs)
    assert [number(v) for v in counts.parameters().values()] == list(example.counts.parameters().values())
    assert number(counts.macs) == example.counts.macs
    assert [(step, number(n)) for step, n in counts.other] == list(example.counts.other)


@pytest.mark.parametrize("example", EXAMPLES)
def test_json_round_trip(example) -> None:
    tensors = [Input(shape, name=f"in{i}") for i, shape in enumerate(example.inputs)]
    end = example.layer(*tensors, name="it") if tensors else Input(example.layer.shape)
    net = Network.of(end)
    assert Network.from_json(net.to_json()) == net


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda L: L.Conv2d(0, 3), "`out_channels` (=0) must be a positive integer or a symbol"),
        (lambda L: L.Conv2d(-8, 3), "`out_channels` (=-8) must be"),
        (lambda L: L.Conv2d(2.5, 3), "`out_channels` (=2.5) must be"),
        (lambda L: L.Conv2d(True, 3), "`out_channels` (=True) must be"),
        (lambda L: L.Conv2d(np.array([1, 2]), 3), "must be a positive integer or a symbol"),
        (lambda L: L.Conv2d(8, 3, padding="sam"), "`padding` (='sam') must be 'same', 'valid'"),
        (lambda L: L.Conv2d(8, 3, padding=-1), "`padding` (=-1) must be an integer of at least 0"),
        (lambda L: L.Conv2d(8, 3, strid=2), "has no field `strid`; its fields are: out_channels, kernel_size"),
        (lambda L: L.Conv2d(8), "needs `kernel_size`"),
        (lambda L: L.Conv2d(8, 3, bias=1), "`bias` (=1) must be True or False"),
        (lambda L: L.Reshape((-1, -1)), "at most one -1"),
    ],
)
def test_bad_fields_are_named(make, message: str) -> None:
    with pytest.raises(cm.errors.FieldError) as error:
        make(cm.layers)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (lambda L: L.Conv2d(8, 3, groups=4), (1, 30, 8, 8), "`in_channels` (=30) must be divisible by `groups` (=4); layer 'it' (conv2d)"),
        (lambda L: L.Conv2d(6, 3, groups=4), (1, 8, 8, 8), "`out_channels` (=6) must be divisible by `groups` (=4)"),
        (
            lambda L: L.Conv2d(8, 9, padding=0),
            (1, 3, 8, 8),
            "`kernel_size` (=9) at dilation 1 spans 9 rows, more than the padded input's 8",
        ),
        (lambda L: L.MaxPool2d(3), (1, 3, 2, 2), "spans 3 rows"),
        (lambda L: L.Conv2d(8, (3, 3, 3)), (1, 3, 8, 8), "`kernel_size` (=(3, 3, 3)) must have 2 entries"),
        (lambda L: L.Conv2d(8, 3), (1, 3, 8), "needs an input of shape (batch, channels, height, width), got (1, 3, 8)"),
        (lambda L: L.ChannelShuffle(3), (1, 8, 4, 4), "`channels` (=8) must be divisible by `groups` (=3)"),
        (lambda L: L.Reshape((1, 7)), (1, 8), "must hold the 8 elements"),
        (lambda L: L.Pad(((0, 0),)), (1, 8), "must have 2 pairs"),
        (lambda L: L.ConvTranspose2d(8, 2, padding=4), (1, 3, 4, 4), "leaves an output of -3 rows"),
    ],
)
def test_bad_shapes_name_the_layer(layer, shape, message: str) -> None:
    with pytest.raises(cm.errors.ShapeError) as error:
        layer(cm.layers)(Input(shape), name="it")
    assert message in str(error.value)
    assert "'it'" in str(error.value)


def test_numpy_integers_become_ints() -> None:
    layer = cm.layers.Conv2d(np.int32(224), np.int64(3))
    assert type(layer.out_channels) is int
    assert layer == cm.layers.Conv2d(224, 3)


def test_a_kind_is_registered_once() -> None:
    with pytest.raises(cm.CostModelError, match="already registered by Conv2d"):
        type("Again", (Layer,), {"kind": "conv2d", "__annotations__": {}})
    assert LAYERS["conv2d"] is cm.layers.Conv2d


def test_unknown_kind_suggests() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="did you mean conv2d"):
        layer_class("conv2")


def test_counts_add_up_by_role() -> None:
    both = Counts.sum([Counts(macs=1, weights=2, other=(("relu", 3),)), Counts(macs=10, biases=5, other=(("relu", 4),))])
    assert both == Counts(macs=11, weights=2, biases=5, other=(("relu", 3), ("relu", 4)))


def test_an_unknown_field_in_the_place_of_a_missing_one_is_named() -> None:
    with pytest.raises(cm.errors.FieldError, match="kernel"):
        cm.layers.Conv2d(out_channels=8, kernel=3)
    with pytest.raises(TypeError, match="multiple values for argument 'out_channels'"):  # Python's own words
        cm.layers.Conv2d(8, 3, out_channels=8)
