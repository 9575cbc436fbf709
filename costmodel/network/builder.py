"""Building a network: layers are called on tensors, as in Keras; each call infers and checks its shape at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from costmodel.errors import CostModelError, FieldError, NetworkError, ShapeError
from costmodel.layers import Check, Layer, Shape
from costmodel.layers.fields import shape as sizes
from costmodel.layers.structure import Placeholder
from costmodel.network.graph import Network, Node, TensorRef

_serial = itertools.count()


class Tensor:
    """What a layer call returns: an output in a network that is being built. Immutable; calling a layer extends it."""

    __slots__ = ("conditions", "first", "index", "inputs", "layer", "name", "serial", "shape", "shapes")

    def __init__(self, layer: Layer, inputs: tuple[Tensor, ...], name: str | None) -> None:
        if name is not None and (not isinstance(name, str) or not name or "\n" in name):
            raise FieldError(f"`name` (={name!r}) of a layer must be a text of one line")
        self.layer = layer
        self.inputs = inputs
        self.name = name
        self.serial = next(_serial)
        self.first, self.index = self, 0
        self.shapes: tuple[Shape, ...]
        self.conditions: tuple[Check, ...]
        try:
            self.shapes, self.conditions = layer.infer(tuple([t.shape for t in inputs]))
        except CostModelError as error:
            raise type(error)(f"{error}; layer {self._label()}") from None
        self.shape: Shape = self.shapes[0]

    def _label(self) -> str:
        if self.name:
            return f"{self.name!r} ({self.layer.kind})"
        before = next((t.name for t in self.inputs if t.name), None)
        return self.layer.kind + (f" after {before!r}" if before else "")

    def _output(self, index: int) -> Tensor:
        """A further output of the same layer."""
        other = copy(self)
        other.index, other.shape = index, self.shapes[index]
        return other

    def apply(self, layer: Layer, inputs: tuple[Tensor, ...], name: str | None = None) -> Tensor | tuple[Tensor, ...]:
        """The output of `layer` on `inputs`, or a tuple where it has several."""
        for tensor in inputs:
            if type(tensor) is not Tensor:
                raise ShapeError(f"{layer!r} must be called on tensors (start with Input(shape)), got {tensor!r}")
        tensor = Tensor(layer, inputs, name)
        return tensor if len(tensor.shapes) == 1 else (tensor, *(tensor._output(i) for i in range(1, len(tensor.shapes))))

    def __repr__(self) -> str:
        return f"Tensor(shape={self.shape}, from {self._label()})"


def Input(shape: Shape, name: str = "input") -> Tensor:  # noqa: N802
    """An input of a network to be built.

    Parameters
    ----------
    shape : tuple of int or symbol
        Batch, channels, height, width.
    name : str
        The name of the input.

    Returns
    -------
    Tensor
        Call layers on it.

    Examples
    --------
    >>> import costmodel as cm
    >>> x = cm.Input((1, 3, 28, 28))
    >>> y = cm.layers.Conv2d(32, 3, stride=2)(x)
    >>> y.shape
    (1, 32, 14, 14)
    >>> cm.Network.of(y, name="one layer").macs
    169344
    """
    try:
        checked = sizes(shape)
    except ValueError as error:
        raise FieldError(f"`shape` (={shape!r}) of input {name!r} {error}") from None
    return Tensor(Placeholder(checked), (), name)


def collect(outputs: Tensor | Iterable[Tensor], name: str) -> Network:
    """The network that computes `outputs`, with its nodes in the order of their creation."""
    ends = tuple(outputs) if isinstance(outputs, Iterable) else (outputs,)
    if not ends or not all(isinstance(t, Tensor) for t in ends):
        raise NetworkError(f"network {name!r} needs one output tensor or several, got {outputs!r}")
    found: set[Tensor] = set()
    stack = list(ends)
    while stack:
        tensor = stack.pop().first
        if tensor not in found:
            found.add(tensor)
            stack.extend(tensor.inputs)
    ordered = sorted(found, key=lambda t: t.serial)
    taken = {t.name for t in ordered if t.name}
    numbers: dict[str, itertools.count[int]] = {}
    refs: dict[Tensor, TensorRef] = {}
    nodes = []
    for tensor in ordered:
        label = tensor.name or _free_name(tensor.layer.kind, numbers, taken)
        refs[tensor] = TensorRef(label)
        inputs, shapes = tuple([_ref(refs, t) for t in tensor.inputs]), tuple([t.shape for t in tensor.inputs])
        nodes.append(Node(label, tensor.layer, inputs, shapes, tensor.shapes, tensor.conditions))
    return Network(name, nodes, [_ref(refs, t) for t in ends])


def _ref(refs: dict[Tensor, TensorRef], tensor: Tensor) -> TensorRef:
    first = refs[tensor.first]
    return TensorRef(first.node, tensor.index) if tensor.index else first


def _free_name(kind: str, numbers: dict[str, itertools.count[int]], taken: set[str]) -> str:
    for number in numbers.setdefault(kind, itertools.count(1)):
        if (label := f"{kind}_{number}") not in taken:
            return label
    raise AssertionError


def sequential(input_shape: Shape, steps: Iterable[Callable[[Any], Any]], name: str = "network") -> Network:
    """A network of layers one after another.

    Parameters
    ----------
    input_shape : tuple of int or symbol
        Batch, channels, height, width.
    steps : iterable of layers or blocks
        Each is called on the output of the one before.
    name : str
        The name of the network.

    Returns
    -------
    Network

    Examples
    --------
    >>> import costmodel as cm
    >>> L = cm.layers
    >>> cm.sequential((1, 1, 28, 28), [L.Flatten(), L.Dense(300), L.ReLU(), L.Dense(10)]).macs      # 784*300 + 300*10
    238200
    """
    x = Input(input_shape)
    for step in steps:
        if not callable(step):
            raise FieldError(f"`steps` must be layers or blocks, such as Conv2d(32, 3), got {step!r}")
        x = step(x)
    return collect(x, name)
