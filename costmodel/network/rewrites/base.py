"""What a rewrite is, what it says of its work, and how a network is rebuilt with some nodes replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from costmodel._record import Record
from costmodel.errors import CostModelError, NetworkError
from costmodel.layers import Layer, Shape
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.layout import infer
from costmodel.network.storage import PLAIN

Build = Callable[..., Any]
"""Called on the tensors that a node reads: calls layers and blocks on them, as `Network.of` has it, and returns what the
node's readers read instead, a tensor for every output."""


class Rewrite(Record):
    """Makes a network of another. A subclass says what changes in `apply`.

    Examples
    --------
    >>> import costmodel as cm
    >>> class NoActivations(cm.rewrites.Rewrite):
    ...     def apply(self, network):
    ...         picked = cm.rewrites.selected(network, "relu")
    ...         return self.rebuilt(network, {name: lambda x: x for name in picked}, [self.left("fc", "has none")])
    >>> net = cm.zoo.mobilenet_v1()
    >>> len(net.nodes) - len(net.rewrite(NoActivations()).nodes)
    27
    """

    def __repr__(self) -> str:
        """As a record; a predicate by its name, so that the same rewrite always reads the same."""
        fields = ((name, value) for name, value in self.fields().items() if value != getattr(type(self), name, _NO_DEFAULT))
        return f"{type(self).__name__}({', '.join(f'{name}={_named(value)}' for name, value in fields)})"

    @property
    def words(self) -> str:
        """What it does, for the assumptions of the network that it makes."""
        return repr(self)

    def apply(self, network: Network) -> Network:
        """The rewritten network; the one given stays as it is."""
        raise CostModelError(f"rewrite {type(self).__name__} changes nothing; write its `apply`")

    def changed(self, node: Node | str, what: str, before: Any, after: Any) -> Change:
        """The record of a change."""
        return Change(type(self).__name__, node if isinstance(node, str) else node.name, what, before, after)

    def lost(self, node: Node) -> list[Change]:
        """The records of a node whose weights become others: what was known of their zeros and codes."""
        if node.storage is None or node.storage == node.storage.widths:
            return []
        return [self.changed(node, "storage", str(node.storage), str(node.storage.widths or PLAIN))]

    def left(self, node: Node | str, why: str) -> Left:
        """The record of a node that it could have changed, and did not."""
        return Left(type(self).__name__, node if isinstance(node, str) else node.name, why)

    def rebuilt(
        self,
        network: Network,
        replacements: Mapping[str, Node | Build],
        records: Iterable[Change | Left] = (),
        name: str | None = None,
        *,
        behind: Mapping[str, Build] = MappingProxyType({}),
    ) -> Network:
        """The network with some nodes replaced and shapes inferred anew; it carries the records, and says `words`.

        Parameters
        ----------
        network : Network
        replacements : mapping
            By the name of a node what takes its place: another `Node`, which reads what it read, or a `Build`. Its layers inherit the
            widths in bits and the order of axes of the node that they replace. ``lambda x: x`` leaves a node out.
        records : iterable of Change or Left
            What was changed, and what was left alone and why. Where nothing is replaced and no record says why, one of the network does.
        name : str, optional
            The name of the new network.
        behind : mapping
            By the name of a node what is put between it and its readers: called on its outputs.

        Raises
        ------
        ShapeError
            Where a node no longer fits what it reads, naming the node.
        """
        records = tuple(records)
        if not replacements and not behind and not records:
            records = (self.left(network.name, "no layer of it is one that this would change"),)
        records = (*network.changes, *records)
        if not replacements and not behind:
            return Network(network.name, network.nodes.values(), network.outputs, network.assumptions, records)
        draft = _Draft(network)
        for node in network.nodes.values():
            draft.put(node, replacements.get(node.name, node))
            if node.name in behind:
                draft.put_behind(node, behind[node.name])
        outputs = [draft.now[ref] for ref in network.outputs]
        return Network(name or network.name, draft.nodes.values(), outputs, (*network.assumptions, self.words), records)


_NO_DEFAULT = object()


def _named(value: Any) -> str:
    if isinstance(value, tuple) and any(map(callable, value)):
        return f"({', '.join(map(_named, value))})"
    return getattr(value, "__name__", "a predicate") if callable(value) and not isinstance(value, Record) else repr(value)


class _Draft:
    """A network in the making."""

    def __init__(self, network: Network) -> None:
        self.nodes: dict[str, Node] = {}
        self.now: dict[TensorRef, TensorRef] = {}
        """By a tensor of the old network the one that takes its place."""
        self._taken = set(network.nodes)

    def shape(self, ref: TensorRef) -> Shape:
        return self.nodes[ref.node].output_shapes[ref.output]

    def put(self, old: Node, new: Node | Build) -> None:
        """What takes the place of a node."""
        if isinstance(new, Node):
            if new.name != old.name and new.name in self._taken:
                raise NetworkError(f"layer {old.name!r} can't be renamed {new.name!r}: that name is taken")
            refs = self.add(new._replace(inputs=tuple([self.now[ref] for ref in new.inputs])), new is not old)
        else:
            self._taken.discard(old.name)
            made = new(*[_Place(self, self.now[ref], old) for ref in old.inputs])
            refs = [place.ref for place in (made if isinstance(made, tuple) else (made,))]
            if len(refs) < len(old.output_shapes):
                raise NetworkError(f"layer {old.name!r} has {len(old.output_shapes)} outputs, what replaces it has {len(refs)}")
        for index in range(len(old.output_shapes)):
            self.now[TensorRef(old.name, index)] = refs[index]

    def put_behind(self, old: Node, build: Build) -> None:
        """What comes between a node that is there and its readers."""
        outputs = [TensorRef(old.name, index) for index in range(len(old.output_shapes))]
        made = build(*[_Place(self, self.now[ref], old) for ref in outputs])
        places = made if isinstance(made, tuple) else (made,)
        if len(places) != len(outputs):
            raise NetworkError(f"layer {old.name!r} has {len(outputs)} outputs, what stands behind it has {len(places)}")
        self.now |= {ref: place.ref for ref, place in zip(outputs, places, strict=True)}

    def add(self, node: Node, new: bool = True) -> list[TensorRef]:
        """A node that reads tensors of the draft; its outputs."""
        shapes = tuple([self.shape(ref) for ref in node.inputs])
        if new or shapes != node.input_shapes:
            try:
                output_shapes, conditions = infer(node.layer, shapes, node.channels_last)
            except CostModelError as error:
                raise type(error)(f"{error}; layer {node.name!r}") from None
            node = node._replace(input_shapes=shapes, output_shapes=output_shapes, conditions=conditions)
        self.nodes[node.name] = node
        self._taken.add(node.name)
        return [TensorRef(node.name, index) for index in range(len(node.output_shapes))]

    def free(self, name: str) -> str:
        """The name, or with a number where it is taken."""
        label, number = name, 1
        while label in self._taken:
            number += 1
            label = f"{name}_{number}"
        return label


class _Place:
    """A tensor of a draft: layers are called on it, as on a `Tensor`. They take the place of the node `like`."""

    __slots__ = ("draft", "like", "ref")

    def __init__(self, draft: _Draft, ref: TensorRef, like: Node) -> None:
        self.draft, self.ref, self.like = draft, ref, like

    @property
    def shape(self) -> Shape:
        """Its shape, channels first."""
        return self.like.seen(self.draft.shape(self.ref))

    def read(self, channels_last: bool) -> _Place:
        """The same tensor for layers that take its axes in that order."""
        return _Place(self.draft, self.ref, self.like._replace(channels_last=channels_last))

    def apply(self, layer: Layer, inputs: tuple[_Place, ...], name: str | None = None) -> _Place | tuple[_Place, ...]:
        """The output of a layer, or a tuple where it has several."""
        like = self.like
        label = self.draft.free(name or f"{like.name}/{layer.kind}")
        refs = tuple([place.ref for place in inputs])
        own = like._replace(absorbed=False, held=None, storage=like.storage and like.storage.widths)
        node = own._replace(name=label, layer=layer, inputs=refs, input_shapes=(), output_shapes=(), conditions=())
        places = tuple([_Place(self.draft, ref, like) for ref in self.draft.add(node)])
        return places[0] if len(places) == 1 else places
