"""Numbers for the sizes that a network leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from costmodel._num import is_open, is_symbolic
from costmodel._record import Record
from costmodel.errors import CostModelError, UnknownNameError
from costmodel.layers.structure import Placeholder
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node
from costmodel.network.rewrites.base import Rewrite


def _sizes(value: Any) -> tuple[tuple[str, Any], ...]:
    given = dict(value) if isinstance(value, Mapping | tuple) else {}
    if not given or not all(isinstance(name, str) for name in given):
        raise ValueError('must map names of open sizes to numbers, e.g. {"N": 1}')
    for name, size in given.items():
        if not is_symbolic(size) and (isinstance(size, bool) or not isinstance(size, int | float | Fraction) or not size > 0):
            raise ValueError(f"must map {name!r} to a positive number or a symbol")
    return tuple(given.items())


class Sizes(Rewrite):
    """Numbers for sizes that a network leaves open: symbols of its builder, or dimensions that a file only names.

    Parameters
    ----------
    sizes : mapping of str to number or symbol
        By the name of the size.

    Notes
    -----
    Every layer is asked for its shapes anew, so a number that the network can't have is refused, naming the layer.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32))
    >>> net.rewrite(cm.rewrites.Sizes({"R": 192})).macs == cm.zoo.mobilenet_v1(resolution=192).macs
    True
    """

    sizes: Annotated[Any, _sizes]

    def __repr__(self) -> str:
        return f"Sizes({dict(self.sizes)})"

    @property
    def words(self) -> str:
        return ", ".join(f"{name} = {size}" for name, size in self.sizes)

    def apply(self, network: Network) -> Network:
        from costmodel._symbols import valued

        known = {symbol.name: symbol for symbol in network.symbols}
        for name, _ in self.sizes:
            if name not in known:
                raise UnknownNameError.of("open size", name, known)
        values = valued({known[name]: size for name, size in self.sizes})
        replacements: dict[str, Node] = {}
        records: list[Change | Left] = []
        for node in network.nodes.values():
            own = {"layer": node.layer, **dict(zip(Node._fields[6:], node[6:], strict=True))}  # shapes and conditions follow from these
            try:
                after = {key: _with(value, values) for key, value in own.items()}
            except CostModelError as error:
                raise type(error)(f"{error}; layer {node.name!r}") from None
            if after != own:
                replacements[node.name] = node._replace(**after)
            if isinstance(node.layer, Placeholder) and after["layer"] != node.layer:
                records.append(self.changed(node, "shape", node.layer.shape, after["layer"].shape))
        return self.rebuilt(network, replacements, records)


def _with(value: Any, values: Mapping[Any, Any]) -> Any:
    """A field with numbers for its symbols."""
    if is_symbolic(value):
        return _plain(value.xreplace(values)) if is_open(value) else value
    if isinstance(value, Record):
        before = value.fields()
        after = {name: _with(old, values) for name, old in before.items()}
        return value if all(after[name] is before[name] for name in before) else value.replace(**after)
    if isinstance(value, tuple):
        parts = [_with(part, values) for part in value]
        if all(part is old for part, old in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def _plain(value: Any) -> Any:
    """A number as Python has it, where no symbol is left."""
    if is_open(value):
        return value
    if value.is_Integer:
        return int(value)
    return Fraction(int(value.p), int(value.q)) if value.is_Rational else float(value)
