"""What a layer is: a frozen record with an output shape, counts and examples, registered by its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple, get_type_hints

from costmodel._num import Num, at_most, is_open, is_symbolic, product, total
from costmodel._record import Record
from costmodel.errors import CostModelError, ShapeError, UnknownNameError
from costmodel.layers.fields import dim

Shape = tuple[Num, ...]
Check = tuple[Num, str]
"""A condition (a bool, or open where symbols leave it open) and what to say where it is false."""


class Counts(NamedTuple):
    """What one layer does and holds. All exact; `other` names elementary steps of the other-operations table.

    Examples
    --------
    >>> one = Counts(macs=27, weights=27, biases=1)
    >>> Counts.sum([one, one]).macs, one.trainable
    (54, 28)
    """

    macs: Num = 0
    other: tuple[tuple[str, Num], ...] = ()
    weights: Num = 0
    biases: Num = 0
    norm_affine: Num = 0
    norm_statistics: Num = 0
    constants: Num = 0

    @property
    def trainable(self) -> Num:
        """Weights, biases, gains and offsets."""
        return self.weights + self.biases + self.norm_affine

    @property
    def all(self) -> Num:
        """Every parameter, statistics and constants included."""
        return self.trainable + self.norm_statistics + self.constants

    def parameters(self) -> dict[str, Num]:
        """The parameters by role."""
        roles = ("weights", "biases", "norm_affine", "norm_statistics", "constants")
        return {role: getattr(self, role) for role in roles}

    @classmethod
    def sum(cls, many: Iterable[Counts]) -> Counts:
        """The counts of several layers together."""
        many = tuple(many)
        if len(many) == 1:
            return many[0]
        macs, other, *parameters = zip(*many, strict=True) if many else [()] * len(cls._fields)
        return cls(total(macs), tuple([step for steps in other for step in steps]), *map(total, parameters))


class Example(NamedTuple):
    """A worked example of a layer: it is a test, a row of the layer list and a piece of documentation.

    Examples
    --------
    >>> import costmodel as cm
    >>> example = next(cm.layers.Conv2d.examples())
    >>> example.layer.infer(example.inputs)[0][0] == example.output
    True
    """

    layer: Layer
    inputs: tuple[Shape, ...]
    output: Shape
    counts: Counts
    source: str
    further_outputs: tuple[Shape, ...] = ()


LAYERS: dict[str, type[Layer]] = {}
"""Every layer class by its kind."""


_INFERRED: dict[tuple[Layer, tuple[Shape, ...]], tuple[Shape, ...]] = {}
MOST_INFERRED = 2**14
"""How many output shapes are remembered."""


class Layer(Record):
    """A layer. A subclass that sets `kind` is registered, tested, listed and documented.

    Calling a layer on tensors adds it to their network: ``y = Conv2d(32, 3)(x, name="conv1")``.

    Examples
    --------
    >>> import costmodel as cm
    >>> layer = cm.layers.Conv2d(16, 3, stride=2)
    >>> layer.output_shape((1, 3, 32, 32))
    (1, 16, 16, 16)
    >>> layer.counts(((1, 3, 32, 32),), (1, 16, 16, 16)).macs == 16 * 16 * 16 * 3 * 3 * 3
    True
    """

    kind: ClassVar[str]
    arity: ClassVar[int | None] = 1
    """How many inputs it takes; None for one or more."""
    rank: ClassVar[int | None] = None
    """How many spatial axes its inputs have; None for any shape."""
    role: ClassVar[Literal["step", "epilogue", "alias", "input"]] = "step"
    """A step moves feature maps; an epilogue may run on the output of a host; an alias only renames a tensor."""
    hosts_epilogues: ClassVar[bool] = False
    """Whether norms, activations and biases that follow may run on its output before it is written."""
    cost_known: ClassVar[bool] = True
    """False where counts are unknown: totals that hold it are lower bounds."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if kind := cls.__dict__.get("kind"):
            if kind in LAYERS:
                raise CostModelError(f"layer kind {kind!r} is already registered by {LAYERS[kind].__qualname__}")
            LAYERS[kind] = cls

    def check(self, *inputs: Shape) -> Iterable[Check]:
        """The conditions on the input shapes, each with what to say where it is false."""
        return ()

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of the output."""
        raise CostModelError(f"layer kind {self.kind!r} says no output shape; write its `output_shape`")

    def output_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        """The shapes of all outputs; a layer with several writes this instead of `output_shape`."""
        return (self.output_shape(*inputs),)

    def counts(self, inputs: tuple[Shape, ...], output: Shape) -> Counts:
        """MACs, other operations and parameters by role; `output` is the shape of the first output."""
        return Counts()

    @classmethod
    def examples(cls) -> Iterator[Example]:
        """Worked examples with the source of their figures."""
        raise CostModelError(f"layer kind {cls.kind!r} has no examples; write its `examples`")

    def variety(self, inputs: tuple[Shape, ...]) -> str:
        """What a table of shares calls it: its kind; a convolution says whether it is pointwise, depthwise, grouped or standard."""
        return self.kind

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[tuple[Shape, ...], tuple[Check, ...]]:
        """The output shapes and the conditions that symbols leave open.

        Networks repeat layers, and rewrites and readers ask again: what follows from integers alone is remembered.

        Raises
        ------
        ShapeError
            Where the inputs don't fit, saying which values came and what would be right.
        """
        key = self, inputs
        known = _INFERRED.get(key)
        if known is not None:
            return known, ()
        shapes, conditions = self._infer(inputs)
        if not conditions and all(type(size) is int for shape in shapes for size in shape):
            if len(_INFERRED) >= MOST_INFERRED:
                _INFERRED.clear()
            _INFERRED[key] = shapes
        return shapes, conditions

    def _infer(self, inputs: tuple[Shape, ...]) -> tuple[tuple[Shape, ...], tuple[Check, ...]]:
        if (self.arity is not None and len(inputs) != self.arity) or (not inputs and self.arity is None):
            wanted = "at least one" if self.arity is None else str(self.arity)
            raise ShapeError(f"takes {wanted} input{'s' * (wanted not in ('1', 'at least one'))}, got {len(inputs)}")
        if self.rank is not None:
            for shape in inputs:
                if len(shape) != self.rank + 2:
                    axes = ", ".join(("batch", "channels", "depth", "height", "width")[:2] + ("depth", "height", "width")[3 - self.rank :])
                    raise ShapeError(f"needs an input of shape ({axes}), got {shape}")
        open_conditions = []
        for condition, message in self.check(*inputs):
            if condition is True:
                continue
            if condition is False or (getattr(condition, "is_Boolean", False) and not is_open(condition) and not bool(condition)):
                raise ShapeError(message)
            open_conditions.append((condition, message))
        kind: Any = type(self)
        for name in self._names:
            size = getattr(self, name)
            if is_symbolic(size) and not size.is_positive and name in _sizes(kind):
                open_conditions.append((at_most(1, size), f"`{name}` (={size}) must be at least 1"))
        return self.output_shapes(*inputs), tuple(open_conditions)

    def per_axis(self, name: str) -> tuple[Num, ...]:
        """The field `name` once for every spatial axis."""
        value = getattr(self, name)
        if not isinstance(value, tuple):
            return (value,) * (self.rank or 0)
        if len(value) != self.rank:
            raise ShapeError(f"`{name}` (={value}) must have {self.rank} entries, one for every spatial axis")
        return value

    def __call__(self, *tensors: Any, name: str | None = None) -> Any:
        """Add this layer to the network of `tensors` and return its output."""
        if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
            tensors = tuple(tensors[0])
        try:
            apply = tensors[0].apply
        except (AttributeError, IndexError):
            raise ShapeError(f"{self!r} must be called on tensors (start with Input(shape)), got {tensors!r}") from None
        return apply(self, tensors, name)


@lru_cache(maxsize=256)
def _sizes(layer: type[Layer]) -> frozenset[str]:
    """The fields of a layer that must be at least 1."""
    hints = get_type_hints(layer, include_extras=True)
    return frozenset(name for name, hint in hints.items() if dim in getattr(hint, "__metadata__", ()))


def layer_class(kind: str) -> type[Layer]:
    """The layer class of a kind.

    Examples
    --------
    >>> layer_class("conv2d").__name__
    'Conv2d'
    """
    if kind not in LAYERS:
        raise UnknownNameError.of("layer kind", kind, LAYERS)
    return LAYERS[kind]


@lru_cache(maxsize=1024)
def words(*shapes: Any) -> str:
    """Shapes for a message: (1, 3, R, R) and (1, 3, 1, 1). Symbols take long to print, and stages repeat them."""
    return " and ".join(map(str, shapes))


def elements(shape: Shape) -> Num:
    """How many values a tensor of this shape holds."""
    return product(shape)
