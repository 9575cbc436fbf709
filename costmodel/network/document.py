"""A network as JSON. A document is untrusted: only known kinds with checked fields are built, nothing is evaluated."""

from __future__ import annotations

import json
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import Any

from costmodel._num import is_symbolic
from costmodel.errors import CostModelError, NetworkError, SymbolicError
from costmodel.layers import Counts, Layer, layer_class
from costmodel.network.graph import Network, Node, TensorRef
from costmodel.network.layout import infer
from costmodel.network.storage import Storage

SCHEMA = 1
_NODE_KEYS = {
    "name",
    "kind",
    "fields",
    "inputs",
    "weight_bits",
    "activation_bits",
    "parameters",
    "channels_last",
    "accumulator_bits",
    "storage",
    "absorbed",
}
_WIDTHS = ("weight_bits", "activation_bits", "accumulator_bits")
_KEYS = {"schema", "name", "nodes", "outputs", "assumptions"}


def dump(network: Network) -> str:
    """The JSON text of a network of plain numbers."""
    nodes = []
    for node in network.nodes.values():
        entry: dict[str, Any] = {"name": node.name, "kind": node.layer.kind}
        if fields := node.layer.fields():
            entry["fields"] = fields
        if node.inputs:
            entry["inputs"] = [str(ref) for ref in node.inputs]
        entry |= {k: v for k in _WIDTHS if (v := getattr(node, k)) is not None}
        if node.held is not None:
            entry["parameters"] = {role: number for role, number in node.held.parameters().items() if number != 0}
        if node.storage is not None:
            entry["storage"] = {key: str(v) if isinstance(v, Fraction) else v for key, v in node.storage.said().items()}
        entry |= {key: True for key in ("channels_last", "absorbed") if getattr(node, key)}
        nodes.append(entry)
    document = {"schema": SCHEMA, "name": network.name, "nodes": nodes, "outputs": [str(ref) for ref in network.outputs]}
    if network.assumptions:
        document["assumptions"] = list(network.assumptions)
    return json.dumps(document, indent=1, default=_refuse) + "\n"


def _refuse(value: Any) -> Any:
    if is_symbolic(value):
        raise SymbolicError(f"JSON holds plain numbers; the network has the symbolic size {value}: give it a value first")
    raise TypeError(f"{value!r} has no JSON form")


def load(text: str | bytes) -> Network:
    """The network of a JSON text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"this is no JSON document: {error}") from None
    _keys(document, _KEYS, "the document")
    if document.get("schema") != SCHEMA:
        raise NetworkError(f"`schema` (={document.get('schema')!r}) must be {SCHEMA}")
    name, entries = document.get("name"), document.get("nodes")
    if not isinstance(name, str) or not isinstance(entries, list):
        raise NetworkError("a network document needs `name` (text) and `nodes` (a list)")
    by_name: dict[str, dict[str, Any]] = {}
    for entry in entries:
        _keys(entry, _NODE_KEYS, "a node")
        label = entry.get("name")
        if not isinstance(label, str) or not label:
            raise NetworkError(f"a node needs a `name` (text), got {label!r}")
        if label in by_name:
            raise NetworkError(f"two nodes are named {label!r}; names must differ")
        by_name[label] = entry
    refs = {label: _refs(entry.get("inputs", []), f"`inputs` of {label!r}", by_name) for label, entry in by_name.items()}
    outputs = _refs(document.get("outputs"), "`outputs`", by_name)
    nodes: dict[str, Node] = {}
    for label in _order(refs):
        nodes[label] = _node(label, by_name[label], refs[label], nodes)
    assumptions = document.get("assumptions", [])
    if not isinstance(assumptions, list) or not all(isinstance(text, str) for text in assumptions):
        raise NetworkError(f"`assumptions` must be a list of texts, got {assumptions!r}")
    return Network(name, nodes.values(), outputs, assumptions)


def _keys(mapping: Any, known: set[str], what: str) -> None:
    if not isinstance(mapping, dict):
        raise NetworkError(f"{what} must be a JSON object, got {type(mapping).__name__}")
    if unknown := sorted(mapping.keys() - known):
        raise NetworkError(f"{what} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _refs(texts: Any, what: str, known: dict[str, Any]) -> tuple[TensorRef, ...]:
    if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
        raise NetworkError(f"{what} must be a list of layer names, got {texts!r}")
    return tuple(_ref(text, what, known) for text in texts)


def _ref(text: str, what: str, known: dict[str, Any]) -> TensorRef:
    label, colon, index = text.rpartition(":")
    ref = TensorRef(text) if text in known else TensorRef(label, int(index)) if colon and index.isdecimal() else TensorRef(text)
    if ref.node not in known:
        raise NetworkError(f"{what} name {text!r}, which is no layer of the network")
    return ref


def _order(refs: dict[str, tuple[TensorRef, ...]]) -> list[str]:
    """The given order where it can be executed, else one that can."""
    seen: set[str] = set()
    for label, inputs in refs.items():
        if any(ref.node not in seen for ref in inputs):
            break
        seen.add(label)
    else:
        return list(refs)
    try:
        return list(TopologicalSorter({label: [r.node for r in inputs] for label, inputs in refs.items()}).static_order())
    except CycleError as error:
        raise NetworkError(f"the network has a cycle: {' -> '.join(error.args[1])}") from None


def _node(label: str, entry: dict[str, Any], inputs: tuple[TensorRef, ...], before: dict[str, Node]) -> Node:
    fields = entry.get("fields", {})
    try:
        if not isinstance(fields, dict):
            raise NetworkError(f"`fields` must be a JSON object, got {fields!r}")
        layer: Layer = layer_class(str(entry.get("kind")))(**{k: _tuples(v) for k, v in fields.items()})
        for ref in inputs:
            if ref.output >= len(before[ref.node].output_shapes):
                raise NetworkError(f"reads {str(ref)!r}, which layer {ref.node!r} does not give")
        shapes = tuple(before[ref.node].output_shapes[ref.output] for ref in inputs)
        last, absorbed = (_flag(entry, key) for key in ("channels_last", "absorbed"))
        made, conditions = infer(layer, shapes, last)
        held = _held(entry.get("parameters"))
        storage = _storage(entry.get("storage"))
    except CostModelError as error:
        raise type(error)(f"{error}; layer {label!r}") from None
    bits = {k: entry.get(k) for k in _WIDTHS}
    for key, value in bits.items():
        if value is not None and (type(value) is not int or not 1 <= value <= 128):
            raise NetworkError(f"`{key}` (={value!r}) must be an integer from 1 to 128; layer {label!r}")
    return Node(label, layer, inputs, shapes, made, conditions, **bits, held=held, channels_last=last, storage=storage, absorbed=absorbed)


def _flag(entry: dict[str, Any], key: str) -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise NetworkError(f"`{key}` (={value!r}) must be true or false")
    return value


def _held(parameters: Any) -> Counts | None:
    """Parameters by role, where the document says them."""
    if parameters is None:
        return None
    _keys(parameters, set(Counts().parameters()), "`parameters`")
    for role, number in parameters.items():
        if type(number) is not int or number < 0:
            raise NetworkError(f"`parameters` {role!r} (={number!r}) must be an integer of at least 0")
    return Counts(**parameters)


def _storage(fields: Any) -> Storage | None:
    """How parameters are stored, where the document says it."""
    if fields is None:
        return None
    _keys(fields, set(Storage().fields()), "`storage`")
    return Storage(**fields)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
