"""The format-neutral half of a reader: operators become layers, stored tensors become parameters by role."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from costmodel._num import Num, equal, is_open, is_symbolic, total
from costmodel.errors import CostModelError, ReaderError, UnknownLayerError
from costmodel.layers import Check, Counts, Layer, Shape
from costmodel.layers.base import elements
from costmodel.layers.opaque import Opaque
from costmodel.layers.structure import Constant, Placeholder, Rearrange
from costmodel.network import Network, Node, TensorRef
from costmodel.network.layout import infer
from costmodel.readers._values import Stored, Value, bits_of, check_sizes, sources_of

MOST_NODES = 50_000
"""Layers of one network, loops unrolled."""

Values = Sequence[Value]
Rule = Callable[["Operator"], "Value | Sequence[Value | None]"]
"""Turns an operator into layers and returns its outputs."""


class Operator:
    """An operator of a file while its rule runs: what it reads, what it says, and how to add layers for it.

    Attributes
    ----------
    kind, domain, name : str
        What the file calls the operator, whose it is, and the node's own name.
    inputs : list of Value or None
        None where an optional input is left out.
    attributes : mapping
        By name: numbers, texts, lists of them.
    outputs : int
        How many outputs the file gives names.
    version : int
        The version of the operator set.
    reader : object
        Whatever else the rules of a format need.

    Examples
    --------
    >>> import costmodel as cm
    >>> @cm.readers.register("Scaled", domain="keras")
    ... def scaled(op):
    ...     return op.emit(cm.layers.Dense(op.get("units")), op[0])
    >>> layers = [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [1, 8]}},
    ...           {"class_name": "Scaled", "config": {"name": "scaled", "units": 4}}]
    >>> cm.read({"class_name": "Sequential", "config": {"name": "n", "layers": layers}}).macs
    32
    """

    __slots__ = (
        "_conditions", "_ignored", "attributes", "domain", "importer", "inputs", "kind", "name", "outputs", "parts", "reader", "version",
    )  # fmt: skip

    def __init__(
        self,
        importer: Importer,
        kind: str,
        name: str,
        inputs: list[Value | None],
        attributes: Mapping[str, Any],
        outputs: int = 1,
        *,
        domain: str = "",
        version: int = 1,
        reader: Any = None,
    ) -> None:
        self.importer = importer
        self.kind = kind
        self.domain = domain
        self.name = name
        self.inputs = inputs
        self.attributes = attributes
        self.outputs = outputs
        self.version = version
        self.reader = reader
        self.parts = 0
        self._ignored: tuple[object, ...] = ()
        self._conditions: tuple[Check, ...] = ()

    def __getitem__(self, index: int) -> Value:
        """The input at `index`, which must be there."""
        value = self.optional(index)
        if value is None:
            raise ReaderError(f"needs an input {index}, got {len(self.inputs)}")
        return value

    def optional(self, index: int) -> Value | None:
        """The input at `index`, or None where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def given(self) -> list[Value]:
        """The inputs that are there."""
        return [value for value in self.inputs if value is not None]

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def numbers(self, index: int, name: str = "") -> list[Any] | None:
        """What input `index` says in numbers (or symbols), else the attribute `name`; None where neither is there.

        Raises
        ------
        UnknownLayerError
            Where the input is there but its numbers depend on data.
        """
        value = self.optional(index)
        if value is None:
            found = self.attributes.get(name) if name else None
            return found if found is None or isinstance(found, list) else [found]
        data = value.data
        if data is None:
            raise UnknownLayerError(
                f"the output shape of {self.kind} depends on the numbers in its input {index}, which are not known; "
                f"if they come from an input of the network, give it in `values`"
            )
        numbers: list[Any] = data.ravel().tolist()
        return numbers

    def ignore(self, *values: Value | None) -> None:
        """Say that stored tensors are no parameters: scales and zero points of a quantization."""
        self._ignored += tuple(stored.key for value in values if value is not None for stored in value.sources)

    def agree(self, value: Value, axis: int, size: Num, message: str) -> Value:
        """The tensor with `size` along an axis, as what the file stores says; where a symbol stands there, the next layer says so.

        Raises
        ------
        ReaderError
            With the message, where the tensor has another size.
        """
        condition = equal(value.shape[axis], size)
        if condition is True:
            return value
        if not is_open(condition):
            raise ReaderError(message)
        self._conditions += ((condition, message),)
        axis %= len(value.shape)
        return value if is_symbolic(size) else value.like((*value.shape[:axis], size, *value.shape[axis + 1 :]))

    def emit(
        self,
        layer: Layer,
        *inputs: Value,
        dtype: str | Sequence[str] | None = None,
        weights: Iterable[Value | None] = (),
        biases: Iterable[Value | None] = (),
        norm_affine: Iterable[Value | None] = (),
        norm_statistics: Iterable[Value | None] = (),
        constants: Iterable[Value | None] = (),
        keep: bool = False,
        channels_last: bool = False,
        prelude: bool = False,
    ) -> Any:
        """Add a layer and return its output, or a tuple of them where it has several.

        Parameters
        ----------
        layer : Layer
            What it costs.
        *inputs : Value
            What it reads; a stored tensor among them becomes a layer `constant`.
        dtype : str or sequence of str
            The number format of the outputs; that of the first input unless given.
        weights, biases, norm_affine, norm_statistics, constants : iterable of Value
            Stored tensors by role.
        keep : bool
            Whether it is a layer of the network even where all that it reads is known without the network's inputs.
        channels_last : bool
            Whether the shapes of inputs and outputs have their channels last.
        prelude : bool
            Whether it prepares the layer that the operator is; that one gets the operator's name.

        Notes
        -----
        What works on stored tensors alone is done by a compiler, and is no layer. What works on sizes of the inputs is done
        at every inference; such products are kept.
        """
        shapes, conditions = infer(layer, [v.shape for v in inputs], channels_last)
        if self._conditions:
            conditions, self._conditions = (*self._conditions, *conditions), ()
        first = dtype or (inputs[0].dtype if inputs else "float32")
        dtypes = (first,) * len(shapes) if isinstance(first, str) else tuple(first)
        roles = {
            "weights": weights, "biases": biases, "norm_affine": norm_affine, "norm_statistics": norm_statistics,
            "constants": constants,
        }  # fmt: skip
        alone = inputs and not inputs[0].ref and not any(v.ref for v in inputs)
        if alone and not keep and not _from_sizes(layer, inputs, shapes, channels_last):
            sources = sources_of([*inputs, *(v for values in roles.values() for v in values)])
            fill = all(stored.elements == 1 for stored in sources)  # a single number that fills a tensor is no parameter of its user
            values = tuple([Value(s, d, None, () if fill and elements(s) != 1 else sources) for s, d in zip(shapes, dtypes, strict=True)])
        else:
            name = f"{self.name}/{layer.kind}" if self.parts or prelude else self.name
            self.parts += not prelude
            made = self.importer.add(name, layer, inputs, shapes, conditions, dtypes, roles, channels_last)
            values = tuple([Value(s, d, TensorRef(made, i)) for i, (s, d) in enumerate(zip(shapes, dtypes, strict=True))])
        return values[0] if len(values) == 1 else values

    def move(self, operation: str, shape: Sequence[Num], *inputs: Value, dtype: str | None = None) -> Value:
        """Add a layer that moves elements, and return its output."""
        features = [v for v in inputs if v.ref] or list(inputs)
        moved: Value = self.emit(Rearrange(operation, tuple(shape)), *features, dtype=dtype or inputs[0].dtype)
        return moved

    def sources_unclaimed(self) -> list[Stored]:
        """The stored tensors among the inputs that no role has claimed."""
        values = [v for v in self.inputs if v is not None and v.sources and not v.ref and v.elements != 1]
        return [stored for value in values for stored in value.sources if stored.key not in self._ignored]


class Branch(NamedTuple):
    """What the layers of one branch of a condition have added."""

    nodes: list[Node]
    counted: list[object]
    assumptions: list[str]

    @property
    def macs(self) -> Num:
        """MACs of its layers."""
        return total([node.counts().macs for node in self.nodes])


class Importer:
    """Collects the layers of a network while a file is read.

    Parameters
    ----------
    name : str
        The name of the network.
    unknown : str
        "error" or "count": what to do with operators that have no rule.
    """

    def __init__(self, name: str, unknown: str = "error") -> None:
        self.name = name
        self.unknown = unknown
        self.nodes: list[Node] = []
        self.layers: dict[str, Layer] = {}
        self.assumptions: list[str] = []
        self._counted: dict[object, None] = {}
        self._numbers: dict[str, itertools.count[int]] = {}
        self._bounds: dict[TensorRef, str] = {}

    def input(self, name: str, shape: Shape, dtype: str, data: Any = None) -> Value:
        """An input of the network; `data` where its numbers are given."""
        value = Value(shape, dtype, None, (), data)
        bits = value.bits
        name = self._free(name)
        self._append(Node(name, Placeholder(shape), (), (), (shape,), activation_bits=bits))
        value.ref = TensorRef(name)
        return value

    def counts(self, value: Value) -> bool:
        """Whether a layer has counted the stored tensor as a parameter."""
        return all(stored.key in self._counted for stored in value.sources)

    def assume(self, text: str) -> None:
        """Note what had to be assumed; every prediction shows it."""
        if text not in self.assumptions:
            self.assumptions.append(text)

    def bound(self, text: str, *values: Value) -> None:
        """Note that sizes of tensors depend on the data, and that the largest stand for them."""
        self.assume(text)
        self._bounds.update({value.ref: text for value in values if value.ref})

    def apply(self, rule: Rule, operator: Operator) -> list[Value | None]:
        """The outputs of an operator by its rule."""
        made = rule(operator)
        outputs: list[Value | None] = [made] if isinstance(made, Value) else list(made)
        if len(outputs) < operator.outputs:
            raise ReaderError(f"has {operator.outputs} outputs, of which its rule gives {len(outputs)}")
        if operator.parts:
            self._claim_rest(operator)
        return outputs

    def opaque(self, operator: Operator, shapes: Sequence[Shape], dtypes: Sequence[str]) -> list[Value | None]:
        """The outputs of an operator without a rule, where unknown operators are counted."""
        features = [v for v in operator.given() if v.ref]
        made = operator.emit(Opaque(operator.kind, tuple(shapes)), *features, dtype=tuple(dtypes))
        outputs: list[Value | None] = [made] if isinstance(made, Value) else list(made)
        return outputs

    def add(
        self,
        name: str,
        layer: Layer,
        inputs: Values,
        shapes: tuple[Shape, ...],
        conditions: Any,
        dtypes: tuple[str, ...],
        roles: Mapping[str, Iterable[Value | None]],
        channels_last: bool = False,
    ) -> str:
        """Add a layer; its name in the network."""
        held, weight_bits = self._held(roles)
        refs = tuple([v.ref or self._stored(v) for v in inputs])
        name = self._free(name)
        bits = bits_of(dtypes[0]) if dtypes else None
        node = Node(name, layer, refs, tuple([v.shape for v in inputs]), shapes, conditions, weight_bits, bits, held, channels_last)
        self._append(node)
        return name

    def _append(self, node: Node) -> None:
        if len(self.nodes) >= MOST_NODES:
            raise ReaderError(f"has more than {MOST_NODES} layers once loops are unrolled; that is more than a network is taken to have")
        for shape in node.output_shapes:
            check_sizes(shape)
        self.nodes.append(node)
        self.layers[node.name] = node.layer

    def _free(self, name: str) -> str:
        name = name.replace("\n", " ") or "layer"
        if name not in self.layers:
            return name
        numbers = self._numbers.setdefault(name, itertools.count(2))
        return next(label for number in numbers if (label := f"{name}_{number}") not in self.layers)

    def _stored(self, value: Value) -> TensorRef:
        """A stored tensor as a layer of its own, for a layer that reads it as a feature map."""
        name = next((str(s.key) for s in value.sources), "constant")
        return TensorRef(self.add(name, Constant(value.shape), (), (value.shape,), (), (value.dtype,), {"constants": (value,)}))

    def _held(self, roles: Mapping[str, Iterable[Value | None]]) -> tuple[Counts, int | None]:
        """Parameters by role, each stored tensor where it is first used, and the width of the weights."""
        numbers: dict[str, Num] = {}
        bits = None
        for role, values in roles.items():
            if values == ():
                continue
            fresh: list[Num] = []
            for value in values:
                if value is None or value.ref is not None or (role == "constants" and value.elements == 1):
                    continue
                for stored in value.sources:
                    if role == "constants" and not _is_parameter(stored):
                        continue
                    if role in ("weights", "constants") and bits is None:
                        bits = bits_of(stored.dtype)
                    if stored.key in self._counted:
                        continue
                    self._counted[stored.key] = None
                    fresh.append(stored.elements)
            if fresh:
                numbers[role] = fresh[0] if len(fresh) == 1 else total(fresh)
        return (Counts(**numbers) if numbers else _NONE), bits

    def _claim_rest(self, operator: Operator) -> None:
        """Stored tensors that no role has claimed are constants of the operator's last layer."""
        fresh = []
        for stored in operator.sources_unclaimed():
            if stored.key not in self._counted and _is_parameter(stored):
                self._counted[stored.key] = None
                fresh.append(stored.elements)
        if fresh:
            node = self.nodes[-1]
            held = node.held or _NONE
            self.nodes[-1] = node._replace(held=held._replace(constants=held.constants + total(fresh)))

    def branch(self, run: Callable[[], Any]) -> tuple[Any, Branch]:
        """Run a branch of a condition, take its layers out again, and say what they were."""
        nodes, counted, said = len(self.nodes), len(self._counted), len(self.assumptions)
        try:
            result = run()
        finally:
            branch = Branch(self.nodes[nodes:], list(self._counted)[counted:], self.assumptions[said:])
            del self.nodes[nodes:], self.assumptions[said:]
            for node in branch.nodes:
                del self.layers[node.name]
            for key in branch.counted:
                del self._counted[key]
        return result, branch

    def dearest(self, said: str, runs: Mapping[str, Callable[[], Any]]) -> Any:
        """What the branch of a condition that is not known gives: the dearest, or the first where symbols leave that open.

        Parameters
        ----------
        said : str
            What the file calls the condition, for the assumption.
        runs : mapping
            What adds the layers of each branch and returns its outputs, by what the file calls it.

        Raises
        ------
        ReaderError
            Where no branch fits the sizes; one that does not is not the one that is meant.
        """
        tried: dict[str, tuple[Any, Branch]] = {}
        misfit: dict[str, ReaderError] = {}
        for name, run in runs.items():
            try:
                tried[name] = self.branch(run)
            except ReaderError as error:
                misfit[name] = error
        if not tried:
            raise next(iter(misfit.values()))
        symbolic = any(is_symbolic(branch.macs) for _, branch in tried.values())
        taken = next(iter(tried)) if symbolic else max(tried, key=lambda name: tried[name][1].macs)
        chosen = taken if misfit else f"the {'first' if symbolic else 'dearest'} branch, {taken},"
        why = "".join(f"; {name} can't be: {error}" for name, error in misfit.items())
        self.assume(f"{said}: its condition is not known; {chosen} is taken{why}")
        outputs, branch = tried[taken]
        self._take(branch)
        return outputs

    def _take(self, branch: Branch) -> None:
        """Put the layers of a branch in."""
        self.nodes += branch.nodes
        self.layers.update({node.name: node.layer for node in branch.nodes})
        self._counted.update(dict.fromkeys(branch.counted))
        self.assumptions += branch.assumptions

    def network(self, outputs: Iterable[Value]) -> Network:
        """The finished network.

        Raises
        ------
        UnknownLayerError
            Where the size of an output depends on the data, unless such operators are to be counted.
        """
        refs = [v.ref or self._stored(v) for v in outputs]
        for ref in refs if self.unknown != "count" else ():
            if ref in self._bounds:
                raise UnknownLayerError(f"the size of an output depends on the data: {self._bounds[ref]}; unknown='count' takes that")
        return Network(self.name, self.nodes, refs, self.assumptions)


_NONE = Counts()


def _from_sizes(layer: Layer, inputs: Values, shapes: tuple[Shape, ...], channels_last: bool) -> bool:
    """Whether a product works on numbers made from the sizes of the inputs."""
    if all(v.sources for v in inputs):
        return False
    macs = Node("", layer, (), tuple([v.shape for v in inputs]), shapes, channels_last=channels_last).counts().macs
    return not (type(macs) is int and macs == 0)


def _is_parameter(stored: Stored) -> bool:
    """Single numbers, sizes and indices are none."""
    return stored.is_float and not stored.made and stored.elements != 1


@contextmanager
def placed(*where: str) -> Any:
    """Errors name the place; what is no error of ours becomes a ReaderError."""
    try:
        yield
    except Exception as error:
        raise located(error, *where) from error


def located(error: Exception, *where: str) -> Exception:
    """The error with its place; an operator without a rule stays one, everything else is a ReaderError but a lack of memory."""
    if isinstance(error, MemoryError):
        return error
    if isinstance(error, CostModelError):
        kind = type(error) if isinstance(error, UnknownLayerError | ReaderError) else ReaderError
        return kind("; ".join([str(error), *where]))
    reason = "is nested too deeply" if isinstance(error, RecursionError) else f"can't be read: {type(error).__name__}: {error}"
    return ReaderError("; ".join([reason, *where]))
