"""Walking the configuration of a model: layers that call each other, models inside models."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.readers._importer import Importer, placed
from costmodel.readers._rules import CUSTOM
from costmodel.readers._values import Value
from costmodel.readers.keras._call import LAYERS, OPERATIONS, RULES, Call

MODELS = ("Functional", "Model", "Sequential")
DEEPEST = 32
"""How deeply models may lie in each other."""
MOST_STEPS = 200_000
"""Calls of layers in one file."""

Make = Callable[[str, Any], Value]
"""Makes an input of the network from the configuration of an input layer."""


class Ref(NamedTuple):
    """One output of one call of a layer, and the shape and number format that the configuration gives it."""

    layer: str
    call: int
    output: int
    shape: tuple[int | None, ...] | None = None
    dtype: str = "float32"

    @property
    def key(self) -> tuple[str, int, int]:
        """The same wherever the output is read."""
        return self.layer, self.call, self.output


class Walker:
    """Takes the layers of a model to an importer, call by call."""

    def __init__(self, importer: Importer) -> None:
        self.importer = importer
        self.checks = True
        self._depth = 0
        self._steps = 0

    def model(self, config: Any, inputs: list[Value] | Make, scope: str = "") -> list[Value]:
        """The outputs of a model; its inputs are given, or made."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ReaderError(f"models lie more than {DEEPEST} deep in each other")
        body = config["config"]
        run = self._functional if "input_layers" in body else self._sequential
        outputs = run(body, inputs, scope)
        self._depth -= 1
        return outputs

    def _sequential(self, body: Any, inputs: list[Value] | Make, scope: str) -> list[Value]:
        layers = list(body["layers"])
        first = layers.pop(0) if layers and layers[0]["class_name"] == "InputLayer" else None
        if callable(inputs):
            said = (first or {}).get("config") or {"batch_shape": body.get("build_input_shape") or body.get("batch_input_shape")}
            inputs = [inputs(said.get("name", "input"), said)]
        values: list[Value] = inputs
        for layer in layers:
            values = self.call(layer, _name(layer), list(values), {}, scope)
        return values

    def _functional(self, body: Any, inputs: list[Value] | Make, scope: str) -> list[Value]:
        values: dict[tuple[str, int, int], Value] = {}
        layers = {_name(layer): layer for layer in body["layers"]}
        entries = _refs(body["input_layers"])
        if not callable(inputs) and len(entries) != len(inputs):
            raise ReaderError(f"model {body.get('name')!r} has {len(entries)} inputs and is called with {len(inputs)}")
        for index, entry in enumerate(entries):
            if entry.layer not in layers:
                raise ReaderError(f"has no layer {entry.layer!r}, which is named as an input")
            values[entry.key] = inputs(entry.layer, layers[entry.layer]["config"]) if callable(inputs) else inputs[index]
        calls = [
            (name, index, *_arguments(node))
            for name, layer in layers.items()
            for index, node in enumerate(layer.get("inbound_nodes") or [])
        ]  # fmt: skip
        for name, index, arguments, options in _ordered(calls, values):
            reads = [values[ref.key] for ref in _found([arguments, options])]
            for ref, value in zip(_found([arguments, options]), reads, strict=True):
                self._check(ref, value)
            given = _replaced(arguments, values), _replaced(options, values)
            for number, value in enumerate(self.call(layers[name], name, *given, scope)):
                values[name, index, number] = value
        outputs = _refs(body["output_layers"])
        for ref in outputs:
            if ref.key not in values:
                raise ReaderError(f"has no call {ref.call} of a layer {ref.layer!r}, which is named as an output")
        return [values[ref.key] for ref in outputs]

    def call(self, layer: Any, name: str, arguments: list[Any], options: dict[str, Any], scope: str) -> list[Value]:
        """The outputs of one call of a layer."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise ReaderError(f"has more than {MOST_STEPS} calls of layers")
        kind = str(layer["class_name"])
        flat = [value for value in _flat([arguments, options]) if isinstance(value, Value)]
        with placed(f"layer {scope + name!r} ({kind})"):
            if "input_layers" in (layer.get("config") or {}) or kind == "Sequential":
                return self.model(layer, flat, f"{scope}{name}/")
            operator = Call(self.importer, kind, scope + name, list(flat), layer.get("config") or {}, domain=_domain(layer), reader=self)
            operator.arguments, operator.options, operator.path = arguments, options, scope + name
            return self._made(operator)

    def _made(self, operator: Call) -> list[Value]:
        entry = RULES.find(operator.domain, operator.kind)
        if entry is not None:
            try:
                return [value for value in self.importer.apply(entry.rule, operator) if value is not None]
            except UnknownLayerError:
                if self.importer.unknown != "count" or operator.parts:
                    raise
        elif self.importer.unknown != "count":
            raise RULES.unknown(operator)
        first = next(iter(operator.given()), None)
        if first is None:
            raise RULES.unknown(operator)
        self.importer.assume(f"the output of {operator.kind} {operator.name!r} has the shape of its first input")
        return [value for value in self.importer.opaque(operator, [first.shape], [first.dtype]) if value is not None]

    def _check(self, ref: Ref, value: Value) -> None:
        """What costmodel infers must be what the configuration says."""
        if not self.checks or ref.shape is None:
            return
        differs = any(type(a) is int and type(b) is int and a != b for a, b in zip(value.shape, ref.shape, strict=False))
        if differs or len(value.shape) != len(ref.shape):
            raise ReaderError(f"layer {ref.layer!r} gives the shape {value.shape} by its rule, but the file says {ref.shape}")


def _domain(layer: Any) -> str:
    registered = layer.get("registered_name") or ""
    module = layer.get("module") or ""
    if ">" in registered:
        package: str = registered.partition(">")[0]
        return package
    if module.startswith(("keras.src.ops", "keras.ops")):
        return OPERATIONS
    kind = (module.partition(".")[0], str(layer["class_name"]))
    return kind[0] if kind in CUSTOM else LAYERS


def _name(layer: Any) -> str:
    return str(layer.get("name") or layer["config"]["name"])


def _refs(entries: Any) -> list[Ref]:
    """The inputs or outputs of a model: one, a list or a dictionary of them."""
    if isinstance(entries, dict):
        return [ref for entry in entries.values() for ref in _refs(entry)]
    if len(entries) == 3 and isinstance(entries[0], str) and isinstance(entries[1], int):
        return [Ref(entries[0], entries[1], entries[2])]
    return [ref for entry in entries for ref in _refs(entry)]


def _arguments(node: Any) -> tuple[list[Any], dict[str, Any]]:
    """What a layer is called with: as Keras 3 writes it, or as Keras 2 does."""
    if isinstance(node, dict):
        return _tensors(node.get("args") or []), _tensors(node.get("kwargs") or {})
    if node and isinstance(node[0], str):
        node = [node]
    options = {name: value for entry in node if len(entry) > 3 for name, value in (entry[3] or {}).items()}
    return [Ref(entry[0], entry[1], entry[2]) for entry in node], options


def _tensors(value: Any) -> Any:
    """Arguments with references in the places of tensors."""
    if isinstance(value, list):
        return [_tensors(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kind: Any = value.get("class_name")
    config: Any = value.get("config")
    if kind == "__keras_tensor__":
        layer, call, output = config["keras_history"]
        return Ref(str(layer), call, output, tuple(config["shape"]), str(config.get("dtype", "float32")))
    if kind == "__slice__":
        return slice(*(_tensors(config.get(end)) for end in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return ...
    if kind == "__tuple__":
        return [_tensors(entry) for entry in value.get("value", config) or []]
    if kind is not None:
        return value
    return {name: _tensors(entry) for name, entry in value.items()}


def _flat(value: Any) -> list[Any]:
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, dict):
        return [found for entry in value.values() for found in _flat(entry)]
    return [found for entry in value for found in _flat(entry)] if isinstance(value, list) else [value]


def _found(value: Any) -> list[Ref]:
    return [entry for entry in _flat(value) if isinstance(entry, Ref)]


def _replaced(value: Any, values: dict[tuple[str, int, int], Value]) -> Any:
    if isinstance(value, Ref):
        return values[value.key]
    if isinstance(value, list):
        return [_replaced(entry, values) for entry in value]
    return {name: _replaced(entry, values) for name, entry in value.items()} if isinstance(value, dict) else value


def _ordered(calls: list[Any], values: dict[tuple[str, int, int], Value]) -> Any:
    """Calls in an order in which everything is there that they read, else in the order of the file."""
    there = {key[:2] for key in values}
    missing: list[set[tuple[str, int]]] = []
    readers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for position, (_, _, arguments, options) in enumerate(calls):
        wanted = {ref.key[:2] for ref in _found([arguments, options])} - there
        missing.append(wanted)
        for key in wanted:
            readers[key].append(position)
    ready = [position for position, wanted in enumerate(missing) if not wanted]
    heapq.heapify(ready)
    done = 0
    while ready:
        position = heapq.heappop(ready)
        done += 1
        yield calls[position]
        key = calls[position][0], calls[position][1]
        for reader in readers[key]:
            missing[reader].discard(key)
            if not missing[reader]:
                heapq.heappush(ready, reader)
    if done < len(calls):
        stuck = next(position for position, wanted in enumerate(missing) if wanted)
        raise ReaderError(f"layer {calls[stuck][0]!r} reads {sorted(missing[stuck])[0]}, which nothing gives: it is missing, or in a cycle")
