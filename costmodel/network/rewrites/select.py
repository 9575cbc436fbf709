"""Which nodes a rewrite is for: `where` is a pattern of names, a kind, a predicate, or several of these."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Annotated, Any

from costmodel.errors import FieldError, UnknownNameError
from costmodel.layers import LAYERS
from costmodel.network.graph import Network, Node

VARIETIES = ("standard", "pointwise", "depthwise", "grouped", "transposed")
"""Of convolutions, as `Node.variety` says them."""


def _where(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple([_where(one) for one in value])
    if value is None or isinstance(value, str) or callable(value):
        return value
    raise ValueError('must be a pattern of names ("block*/dw"), a kind ("conv2d", "depthwise"), a predicate on nodes, or several of these')


Where = Annotated[Any, _where]
"""None for every node; a text is a name, a pattern of names (``*``, ``?``, ``[ab]``), a kind of layer, or a variety of convolution;
a predicate is called with each `Node` that the rewrite is for; of a tuple any one."""


def selected(network: Network, where: Any, fits: Callable[[Node], bool] | None = None, what: str = "layers") -> dict[str, Node]:
    """The nodes that `where` picks, by name, in their order.

    Parameters
    ----------
    network : Network
    where : pattern, kind, predicate or several
        See `Where`.
    fits : function of a node, optional
        Whether the rewrite is for such a node at all; others are passed over.
    what : str
        What such nodes are called.

    Raises
    ------
    UnknownNameError
        Where a text is no kind of layer and no node of the network has such a name.
    FieldError
        Where a text or a predicate picks no node that fits, and where a predicate fails.

    Examples
    --------
    >>> import costmodel as cm
    >>> list(selected(cm.zoo.mobilenet_v1(), ("block1/pw", "dense", lambda node: node.name == "conv1")))
    ['conv1', 'block1/pw', 'fc']
    """
    picked: set[str] = set()
    for one in where if isinstance(where, tuple | list) else (where,):
        asked = [node for node in network.nodes.values() if fits is None or not callable(one) or fits(node)]
        found = {node.name for node in asked if _picks(one, node)}
        if not found and isinstance(one, str) and one not in LAYERS and one not in VARIETIES:
            raise UnknownNameError(
                str(UnknownNameError.of("layer", one, network.nodes)).partition("; known")[0] + f"; network {network.name!r}"
            )
        fitting = found if fits is None else {name for name in found if fits(network.nodes[name])}
        if not fitting and (found or callable(one)) and one is not None:
            rest = f", but {', '.join(sorted(found)[:3])}" if found else f": it is true of none of the {len(asked)} that it was asked of"
            raise FieldError(f"`where` (={_said(one)}) picks no {what} of network {network.name!r}{rest}")
        picked |= fitting
    return {name: node for name, node in network.nodes.items() if name in picked}


def _picks(one: Any, node: Node) -> bool:
    if one is None:
        return True
    if isinstance(one, str):
        return one in (node.name, node.layer.kind) or fnmatchcase(node.name, one) or (one in VARIETIES and node.variety() == one)
    try:
        return bool(one(node))
    except (AttributeError, TypeError) as error:
        raise FieldError(
            f"`where` (={_said(one)}) fails at layer {node.name!r} ({node.layer.kind}): {error}; "
            f"it is asked of every layer, so ask for the kind first: node.layer.kind == 'conv2d' and ..."
        ) from None


def _said(one: Any) -> str:
    """A predicate by its name."""
    return repr(one) if isinstance(one, str) else getattr(one, "__name__", "a predicate")
