"""Pictures of another size, and several at once: everything behind follows, or the rewrite says what does not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from costmodel._num import Num, divides, floor_div, product
from costmodel.errors import CostModelError, NetworkError
from costmodel.layers import Layer, Shape
from costmodel.layers.fields import Dim, Flag, OptionalDim
from costmodel.layers.opaque import Opaque
from costmodel.layers.pooling import AvgPool2d
from costmodel.layers.resize import Resize
from costmodel.layers.structure import Placeholder, Rearrange, Reshape
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.layout import infer
from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.select import Where, selected


class _Inputs(Rewrite, ABC):
    """Inputs get another shape. A subclass says which, and how a layer that has its sizes written down follows."""

    @abstractmethod
    def _shape(self, shape: Shape, network: Network) -> Shape | str:
        """The new shape of an input, or why it stays."""

    @abstractmethod
    def _reshaped(self, before: Shape, after: Shape, made: Shape) -> Shape:
        """What a reshape to `made` becomes where its input changes."""

    def _regrown(self, node: Node, after: Node) -> Node | None:
        """The node where it may hold other numbers of parameters than before, else None."""
        return None

    def _check(self, network: Network, shapes: dict[TensorRef, Shape]) -> None:
        """Whether the outputs are as they must be."""

    def apply(self, network: Network) -> Network:
        picked = selected(network, getattr(self, "where"))  # noqa: B009
        replacements: dict[str, Node] = {}
        records: list[Change | Left] = []
        shapes: dict[TensorRef, Shape] = {}
        for node in network.nodes.values():
            if isinstance(node.layer, Placeholder):
                new = self._shape(node.layer.shape, network) if node.name in picked else "it is not asked for"
                if isinstance(new, str):
                    records.append(self.left(node, new))
                    after = node
                else:
                    after = node._replace(layer=Placeholder(new), output_shapes=(new,))
            else:
                after = self._follow(node, tuple([shapes[ref] for ref in node.inputs]))
            shapes |= {TensorRef(node.name, index): shape for index, shape in enumerate(after.output_shapes)}
            records += self._changes(node, after)
            if after.layer != node.layer or after.held != node.held:
                replacements[node.name] = after
        if not any(isinstance(node.layer, Placeholder) for node in replacements.values()):
            return self.rebuilt(network, {}, records)
        self._check(network, shapes)
        return self.rebuilt(network, replacements, records)

    def _follow(self, node: Node, inputs: tuple[Shape, ...]) -> Node:
        """The node behind other inputs."""
        try:
            seen = tuple([node.seen(shape) for shape in inputs])
            layer = self._layer(node, tuple([node.seen(shape) for shape in node.input_shapes]), seen)
            made, conditions = infer(layer, inputs, node.channels_last)
        except CostModelError as error:
            raise NetworkError(f"{self!r} does not go with layer {node.name!r} ({node.layer.kind}): {error}") from None
        after = node._replace(layer=layer, input_shapes=inputs, output_shapes=made, conditions=conditions)
        if own_parameters(after) != own_parameters(node):
            regrown = self._regrown(node, after)
            if regrown is None:
                number = {role: n for role, n in own_parameters(after).items() if n != own_parameters(node)[role]}
                raise NetworkError(
                    f"{self!r} would give layer {node.name!r} ({node.layer.kind}) {_words(number)} instead of "
                    f"{_words({role: own_parameters(node)[role] for role in number})}: put GlobalPooling before it, "
                    f"or say regrow=True where its parameters may be others"
                )
            return regrown
        return after

    def _layer(self, node: Node, before: tuple[Shape, ...], after: tuple[Shape, ...]) -> Layer:
        """The layer behind inputs of other shapes, where it has sizes written down."""
        layer: Any = node.layer
        if before == after:
            return self._unmoved(layer, before)
        if isinstance(layer, Opaque):
            raise NetworkError("nothing is known of how its output follows its input")
        if isinstance(layer, Reshape):
            return Reshape(self._reshaped(before[0], after[0], node.seen(node.output_shapes[0])))
        if isinstance(layer, Resize):
            return layer.replace(shape=tuple(_scaled(layer.shape, before[0], after[0])))
        if isinstance(layer, Rearrange):
            return layer.replace(shape=tuple(_scaled(layer.shape, before[0], after[0], layer.operation)))
        if isinstance(layer, AvgPool2d) and _covers(layer, before[0]):
            return layer.replace(kernel_size=after[0][2:], stride=1)
        return node.layer

    def _unmoved(self, layer: Layer, inputs: tuple[Shape, ...]) -> Layer:
        """A layer whose inputs keep their shapes."""
        return layer

    def _changes(self, node: Node, after: Node) -> Iterator[Change]:
        for key, value in after.layer.fields().items():
            if value != (old := getattr(node.layer, key)):
                yield self.changed(node, key, old, value)
        for role, number in own_parameters(after).items():
            if number != (old := own_parameters(node)[role]):
                yield self.changed(node, role, old, number)


def own_parameters(node: Node) -> dict[str, Num]:
    """Parameters by role as the layer has them, whatever a file says that it stores."""
    return node._replace(held=None).counts().parameters()


def _words(number: dict[str, Num]) -> str:
    return ", ".join(f"{n} {role.replace('_', ' ')}" for role, n in number.items())


def _covers(layer: Any, shape: Shape) -> bool:
    """Whether a pooling window is the whole map, so that it follows the map."""
    return layer.per_axis("kernel_size") == tuple(shape[2:]) and layer.padding in (0, "valid", (0, 0), ((0, 0), (0, 0)))


def _scaled(made: Shape, before: Shape, after: Shape, operation: str = "resize") -> Iterator[Num]:
    """The output shape of a layer that has it written down, by what becomes of each axis of its input."""
    if len(made) != len(before):
        raise NetworkError(f"its {operation} writes the fixed shape {made}; read the file at the size that you want instead")
    for size, old, new in zip(made, before, after, strict=True):
        if new == old:
            yield size
        elif size == old:
            yield new
        elif operation in ("resize", "tile", "depth_to_space") and divides(old, size * new) is True:
            yield floor_div(size * new, old)
        else:
            raise NetworkError(
                f"its {operation} makes {size} of {old}, and it is not written how many of {new}; read the file at that size"
            )


class Resolution(_Inputs):
    """Pictures of another height and width.

    Parameters
    ----------
    height : int or symbol
        Of the pictures. [rows]
    width : int or symbol, optional
        None where it is the height. [rows]
    regrow : bool
        Whether dense layers behind a flattened map may have other numbers of weights; else the rewrite is refused there.
    where : str, callable or several
        Which inputs; see `selected`. Inputs without height and width stay.

    Notes
    -----
    Sizes that a file has written down follow where it is plain how: a reshape that flattens, a resize, an average over the whole map.
    Everything else is refused, naming the layer.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1().rewrite(cm.rewrites.Resolution(192))
    >>> net.macs == cm.zoo.mobilenet_v1(resolution=192).macs
    True
    >>> cm.zoo.vgg16().rewrite(cm.rewrites.Resolution(192))
    Traceback (most recent call last):
    costmodel.errors.NetworkError: Resolution(height=192) would give layer 'fc6' (dense) 75497472 weights instead of 102760448
    weights: put GlobalPooling before it, or say regrow=True where its parameters may be others
    """

    height: Dim
    width: OptionalDim = None
    regrow: Flag = False
    where: Where = None

    def _shape(self, shape: Shape, network: Network) -> Shape | str:
        if len(shape) != 4:
            return f"its shape {shape} has no height and width"
        size = (self.height, self.height if self.width is None else self.width)
        last = any(node.channels_last for node in network.nodes.values())
        return (shape[0], *size, shape[3]) if last else (*shape[:2], *size)

    def _reshaped(self, before: Shape, after: Shape, made: Shape) -> Shape:
        old, new = (product(s for s, b, a in zip(shape, before, after, strict=True) if a != b) for shape in (before, after))
        followers = [i for i, size in enumerate(made) if i and divides(old, size) is True]
        if len(followers) != 1:
            raise NetworkError(f"it is not plain how a reshape of {before} to {made} follows {after}; read the file at that size")
        return tuple([floor_div(size, old) * new if i == followers[0] else size for i, size in enumerate(made)])

    def _regrown(self, node: Node, after: Node) -> Node | None:
        if not self.regrow or (node.held is not None and node.held.parameters() != own_parameters(node)):
            return None
        return after if node.held is None else after._replace(held=node.held._replace(**own_parameters(after)))


class Batch(_Inputs):
    """Several pictures at once.

    Parameters
    ----------
    size : int or symbol
        How many.
    where : str, callable or several
        Which inputs; see `selected`. All whose first axis is that of the first input, if None.

    Notes
    -----
    A reshape that a file has with fixed sizes follows with its first axis. All outputs must have the batch as their first axis.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1()
    >>> net.rewrite(cm.rewrites.Batch(8)).macs == 8 * net.macs
    True
    """

    size: Dim
    where: Where = None

    def _now(self, network: Network) -> Num:
        return network.shape(network.inputs[0])[0]

    def _shape(self, shape: Shape, network: Network) -> Shape | str:
        if not shape or shape[0] != self._now(network):
            return f"the first axis of its shape {shape} is not the batch of {self._now(network)}"
        return self.size, *shape[1:]

    def _reshaped(self, before: Shape, after: Shape, made: Shape) -> Shape:
        if before[1:] != after[1:] or divides(before[0], made[0]) is not True:
            raise NetworkError(f"it is not plain how a reshape of {before} to {made} follows {after}; read the file with that batch")
        return floor_div(made[0], before[0]) * after[0], *made[1:]

    def _check(self, network: Network, shapes: dict[TensorRef, Shape]) -> None:
        now = self._now(network)
        for ref in network.outputs:
            old, new = network.shape(ref), shapes[ref]
            if not old or old == new or old[0] * self.size != new[0] * now:
                raise NetworkError(f"{self!r} leaves the output {str(ref)!r} at {new}, which had {old}: its first axis must be the batch")
