"""Other numbers of channels: a width multiplier, structured pruning, another number of classes. All that is tied follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import partial
from math import isfinite
from typing import Annotated, Any

from costmodel._num import Num, floor_div, is_array, is_symbolic, total, whole
from costmodel.errors import FieldError, NetworkError
from costmodel.formulas.rounding import make_divisible
from costmodel.layers.fields import dim
from costmodel.network.changes import Change, Left
from costmodel.network.channels import Axis, Channels
from costmodel.network.graph import Network, Node
from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.select import Where, selected

Rounding = str | int | Callable[[Num], Num]


def _factor(value: Any) -> Any:
    if is_symbolic(value):
        return value
    if isinstance(value, bool | str) or is_array(value) or not hasattr(value, "__float__") or not (isfinite(value) and value > 0):
        raise ValueError("must be a positive finite number or a symbol")
    return value


def _rounding(value: Any) -> Any:
    if value in ("floor", "exact") or callable(value) or (type(value) is int and value > 0):
        return value
    raise ValueError('must be "floor", "exact", a positive integer whose multiples are meant, or a function of the scaled channels')


class _Resizing(Rewrite):
    """What the rewrites of channels share."""

    def _resized(self, network: Network, channels: Channels, sizes: Mapping[Axis, Num], meant: Iterable[str], left: list[Left]) -> Network:
        """The network with new sizes of some axes; every layer that chooses one is reported."""
        chosen = set(meant)
        records: list[Change | Left] = []
        for name, layouts in channels.made.items():
            for layout in layouts:
                before, after = channels.size(layout), channels.size(layout, sizes)
                if before == after:
                    continue
                others = (maker for part in channels.resolved(layout) if part.axis for maker in part.axis.makers if maker in chosen)
                what = "channels" if name in chosen else f"channels, tied to {next(others)}"
                records.append(self.changed(name, what, before, after))
        return self.rebuilt(network, channels.resized(sizes), [*records, *left])

    def _fixed(self, channels: Channels, names: Iterable[str]) -> list[Left]:
        """Those of some layers whose channels can't change."""
        chosen = set(names)
        why = {name: axis.fixed for name in channels.made if name in chosen for axis in _axes(channels, name) if axis.fixed is not None}
        return [self.left(name, reason) for name, reason in why.items()]


def _makers(channels: Channels, where: Any) -> set[str]:
    """Those of some layers that choose how many channels they give."""
    return set(selected(channels.network, where, lambda node: node.name in channels.made, "layers that choose their channels"))


def _axes(channels: Channels, name: str) -> list[Axis]:
    """The axes of which a layer's channels are made."""
    return [part.axis for layout in channels.made.get(name, ()) for part in channels.resolved(layout) if part.axis is not None]


def _stepped(size: Num, axis: Axis) -> Num:
    """At most `size`, but a multiple of what groups need, and at least one of it."""
    return size if is_symbolic(size) else max(size // axis.step, 1) * axis.step


class Width(_Resizing):
    """Multiply the channels of every layer, as the width multiplier of MobileNet does.

    What the network reads and returns stays. Channels that a sum, a product or a depthwise convolution ties stay equal, concatenations
    add up, groups divide.

    Parameters
    ----------
    multiplier : float or symbol
        alpha.
    rounding : "floor", "exact", int or function
        What becomes of alpha times the channels: rounded down, the default, as in MobileNet v1; "exact" refuses what is not whole; an
        integer is the step of MobileNet v2's rule (8: the nearest multiple that keeps nine tenths, `make_divisible`); a function of
        the scaled channels gives the new ones. The result is at least 1; groups of a convolution round it down further. Of a symbol
        neither is known: its values must leave channels, and groups stand among the network's conditions.
    where : pattern, kind, predicate or several
        The layers whose channels are multiplied, and all that is tied to them; None, the default, is every layer.
    following : pattern, kind, predicate or several
        Layers whose channels stay in proportion to those that they read, whatever the rounding of these: expansions of
        inverted residuals. None by default.

    Examples
    --------
    >>> import costmodel as cm
    >>> half = cm.zoo.mobilenet_v1().rewrite(cm.rewrites.Width(0.5))
    >>> half.macs, half.macs == cm.zoo.mobilenet_v1(0.5).macs
    (149497088, True)

    MobileNet v2 rounds to multiples of 8, expands the rounded channels sixfold, and has no fewer than 1280 channels at its end:

    >>> narrow = cm.rewrites.Width(0.75, 8, where=lambda node: node.name != "conv_last", following="*/expand")
    >>> cm.zoo.mobilenet_v2().rewrite(narrow).macs == cm.zoo.mobilenet_v2(0.75).macs
    True

    References
    ----------
    Howard et al., arXiv:1704.04861, section 3.3.
    """

    multiplier: Annotated[Any, _factor]
    rounding: Annotated[Any, _rounding] = "floor"
    where: Where = None
    following: Where = ()

    def apply(self, network: Network) -> Network:
        channels = Channels(network)
        following = _makers(channels, self.following)
        meant = _makers(channels, self.where) | following
        sizes: dict[Axis, Num] = {}
        waiting: set[Axis] = set()

        def now(axis: Axis) -> Num:
            if axis not in sizes:
                leader = next((name for name in axis.makers if name in following), None)
                if not axis.free or not any(name in meant for name in axis.makers) or axis in waiting:
                    return axis.size
                waiting.add(axis)
                sizes[axis] = _stepped(self._rounded(axis) if leader is None else proportion(axis, leader), axis)
                waiting.discard(axis)
            return sizes[axis]

        def proportion(axis: Axis, leader: str) -> Num:
            read = channels.resolved(channels.read_by(leader))
            after = total(part.times if part.axis is None else part.times * now(part.axis) for part in read)
            return floor_div(axis.size * after, channels.size(read))

        for axis in channels.axes:
            now(axis)
        return self._resized(network, channels, sizes, meant, self._fixed(channels, meant))

    def _rounded(self, axis: Axis) -> Num:
        size = axis.size
        scaled = size * self.multiplier
        if callable(self.rounding):
            try:
                return dim(self.rounding(scaled))
            except ValueError as error:
                raise FieldError(f"`rounding` makes {self.rounding(scaled)!r} of {scaled} channels, which {error}{_of(axis)}") from None
        if isinstance(self.rounding, int):
            return make_divisible(scaled, self.rounding)
        rounded = whole(scaled)
        if is_symbolic(rounded):
            return rounded
        if self.rounding == "exact" and rounded != scaled:
            raise FieldError(
                f"`multiplier` (={self.multiplier}) leaves {scaled} of {size} channels, which must be whole; or choose a `rounding`"
                f"{_of(axis)}"
            )
        return max(rounded, 1)


def _of(axis: Axis) -> str:
    """Which layer chooses these channels, behind a message."""
    return "".join(f"; layer {name!r}" for name in list(axis.makers)[:1])


def _shares(value: Any) -> Any:
    return _each(value, _share)


def _counts(value: Any) -> Any:
    return _each(value, dim)


def _share(value: Any) -> Any:
    value = _factor(value)
    if not is_symbolic(value) and value > 1:
        raise ValueError("must be at most 1")
    return value


def _each(value: Any, check: Callable[[Any], Any]) -> Any:
    """One value, or pairs of a pattern and a value."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        value = tuple(value.items())
    return tuple([(pattern, check(one)) for pattern, one in value]) if isinstance(value, tuple) else check(value)


class KeepChannels(_Resizing):
    """Keep some of the output channels of layers: structured pruning, of filters.

    A filter that goes takes its bias, the norm's figures and the next layer's weights for its channel with it. Channels that a
    sum, a product or a depthwise convolution ties are pruned alike.

    Parameters
    ----------
    share : float, symbol or mapping
        Share of the channels that is kept, rounded down; of a mapping one for each pattern of names, kind or predicate.
    count : int, symbol or mapping
        Channels that are kept, instead of a share.
    where : pattern, kind, predicate or several
        The layers that are pruned, unless a mapping says it; None, the default, is every layer.

    Examples
    --------
    Seven tenths of the 64 filters of the first convolution in every block of stage 1; the next one reads 44 channels, 3*3*44*64:

    >>> import costmodel as cm
    >>> pruned = cm.zoo.resnet34().rewrite(cm.rewrites.KeepChannels(0.7, where="stage1/*/conv1"))
    >>> pruned.nodes["stage1/block1/conv1"].layer.out_channels, pruned.nodes["stage1/block1/conv2"].counts().weights
    (44, 25344)

    References
    ----------
    Li et al., arXiv:1608.08710.
    """

    share: Annotated[Any, _shares] = None
    count: Annotated[Any, _counts] = None
    where: Where = None

    def apply(self, network: Network) -> Network:
        channels = Channels(network)
        sizes: dict[Axis, Num] = {}
        wanted_by: dict[Axis, str] = {}
        left: list[Left] = []
        meant: list[str] = []
        for name, kept in self._wanted(network):
            meant.append(name)
            for axis, size in self._of(channels, name, kept, left):
                if axis in sizes and sizes[axis] != size:
                    raise FieldError(
                        f"layers {wanted_by[axis]!r} and {name!r} have the same channels, of which {sizes[axis]} and {size} are to be kept"
                    )
                sizes[axis], wanted_by[axis] = size, name
        return self._resized(network, channels, sizes, meant, left)

    def _wanted(self, network: Network) -> list[tuple[str, Callable[[Num], Num]]]:
        """The layers that are pruned, each with what is kept of a number of channels."""
        if (self.share is None) == (self.count is None):
            raise FieldError(f"`share` (={self.share}) or `count` (={self.count}) must be given, one of them")
        values = self.count if self.share is None else self.share
        if isinstance(values, tuple) and self.where is not None:
            raise FieldError(f"`where` (={self.where!r}) goes with one value for all, not with a mapping")
        pairs = values if isinstance(values, tuple) else ((self.where, values),)
        kept = _count_kept if self.share is None else _share_kept
        return [
            (name, partial(kept, value, name))
            for where, value in pairs
            for name in selected(network, where, _weighs, "layers with weights")
        ]

    def _of(self, channels: Channels, name: str, kept: Callable[[Num], Num], left: list[Left]) -> list[tuple[Axis, Num]]:
        """The axes of a layer with what is kept of each."""
        if name not in channels.made:
            left.append(self.left(name, "its channels are those of what it reads"))
            return []
        if fixed := self._fixed(channels, [name]):
            left += fixed
            return []
        found = []
        for layout in channels.made[name]:
            parts = channels.resolved(layout)
            if self.share is None and len(parts) > 1:
                left.append(self.left(name, f"its {channels.size(layout)} channels are several that are tied apart; give a share"))
                continue
            for times, axis in parts:
                assert axis is not None
                size = kept(axis.size) if self.share is not None else floor_div(kept(axis.size * times), times)
                found.append((axis, _stepped(size, axis)))
        return found


def _weighs(node: Node) -> bool:
    return bool(node.layer.counts(tuple(map(node.seen, node.input_shapes)), node.seen(node.output_shapes[0])).weights != 0)


def _share_kept(share: Any, name: str, channels: Num) -> Num:
    if is_symbolic(share) or is_symbolic(channels):
        return whole(channels * share)
    return max(int(channels * (share if isinstance(share, Fraction) else Fraction(str(share)))), 1)


def _count_kept(count: Any, name: str, channels: Num) -> Num:
    if not is_symbolic(count) and not is_symbolic(channels) and count > channels:
        raise FieldError(f"`count` (={count}) must be at most {channels}, the channels of layer {name!r}")
    return count


class Classes(_Resizing):
    """Another number of classes: of the last dense layer or 1x1 convolution before every output.

    Parameters
    ----------
    classes : int or symbol
        How many.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1().rewrite(cm.rewrites.Classes(10))
    >>> net.parameters["weights"], net == cm.zoo.mobilenet_v1(classes=10)      # the rewritten one says what was done to it
    (3195328, False)
    """

    classes: Annotated[Any, dim]

    def apply(self, network: Network) -> Network:
        channels = Channels(network, keep_outputs=False)
        sizes: dict[Axis, Num] = {}
        left: list[Left] = []
        for ref in network.outputs:
            axes = {part.axis for layout in channels.tensors[ref] for part in channels.resolved(layout) if part.axis is not None}
            heads = {axis for axis in axes if axis.free and all(_is_head(network.nodes[name]) for name in axis.makers)}
            if len(heads) == 1 and len(axes) == 1:
                sizes[heads.pop()] = self.classes
            else:
                left.append(self.left(ref.node, "its channels are not those of a dense layer or 1x1 convolution of its own"))
        if not sizes:
            raise NetworkError(
                f"network {network.name!r} has no classifier: {'; '.join(record.node + ': ' + record.why for record in left)}"
            )
        if len({axis.size for axis in sizes}) > 1:
            several = ", ".join(f"{next(iter(axis.makers))} ({axis.size})" for axis in sizes)
            raise NetworkError(
                f"network {network.name!r} has outputs of several sizes: {several}; change them with KeepChannels, one by one"
            )
        return self._resized(network, channels, sizes, [name for axis in sizes for name in axis.makers], left)


def _is_head(node: Node) -> bool:
    return node.variety() in ("dense", "pointwise")
