"""Walking the subgraphs of a TFLite model; every operator goes to its rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.readers._folding import folded
from costmodel.readers._importer import Importer, Operator, placed
from costmodel.readers._inputs import Inputs
from costmodel.readers._values import Value
from costmodel.readers.tflite._file import Model, Subgraph, Tensor, options
from costmodel.readers.tflite._flatbuffer import Table
from costmodel.readers.tflite._rules import RULES

MOST_STEPS = 30_000
"""Operators looked at in one file, loops unrolled."""
DEEPEST = 32
"""How deeply subgraphs may call each other."""


class Scope(dict[int, Value]):
    """The tensors of a subgraph while it runs, by their number; stored ones are found when they are asked for."""

    def __init__(self, subgraph: Subgraph, depth: int = 0, prefix: str = "") -> None:
        super().__init__()
        self.subgraph = subgraph
        self.depth = depth
        self.prefix = prefix  # of the names of layers
        if depth > DEEPEST:
            raise ReaderError(f"subgraphs call each other more than {DEEPEST} deep")

    def __missing__(self, index: int) -> Value:
        tensor = self.subgraph.tensor(index)
        if tensor.data is not None or 0 in tensor.shape:
            self[index] = self.subgraph.stored(tensor)
        elif tensor.variable:
            self[index] = Value(tensor.shape, tensor.dtype)
        else:
            raise ReaderError(
                f"reads tensor {index} {tensor.name!r}, which nothing before it gives: it is missing, or the graph has a cycle"
            )
        return self[index]


class Place(NamedTuple):
    """Where an operator stands: what a rule may need beside the operator."""

    walker: Walker
    scope: Scope
    declared: tuple[Tensor, ...]
    """Its outputs as the file declares them."""


class Walker:
    """Takes subgraphs to an importer, operator by operator."""

    def __init__(self, importer: Importer, model: Model, given: Inputs) -> None:
        self.importer = importer
        self.model = model
        self.given = given
        self.variables: dict[str, Value] = {}
        self.all_values: dict[tuple[int, int], Value] | None = None
        self._steps = 0

    def run(self, scope: Scope) -> list[Value]:
        """The outputs of a subgraph whose inputs stand in `scope`."""
        subgraph = scope.subgraph
        for index in range(len(subgraph.operators)):
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise ReaderError(f"has more than {MOST_STEPS} operators once loops are written out")
            table = subgraph.operators[index]
            code = table.number(0, "I")
            kind = self.model.codes[code] if code < len(self.model.codes) else f"number {code}"
            inside = f" of subgraph {subgraph.number}" if subgraph.number else ""
            with placed(f"operator {index} ({kind}){inside}"):
                if code >= len(self.model.codes):
                    raise ReaderError(f"names operator code {code}; the file has {len(self.model.codes)}")
                self._operator(table, kind, scope)
        return [scope[index] for index in subgraph.outputs]

    def call(self, number: int, operator: Operator, inputs: Sequence[Value]) -> list[Value]:
        """The outputs of a subgraph that an operator runs."""
        place: Place = operator.reader
        subgraph = self.model.subgraph(number)
        if len(inputs) != len(subgraph.inputs):
            raise ReaderError(f"gives subgraph {number} {len(inputs)} inputs; it takes {len(subgraph.inputs)}")
        scope = Scope(subgraph, place.scope.depth + 1, f"{operator.name}/")
        scope.update(zip(subgraph.inputs, inputs, strict=True))
        return self.run(scope)

    def _operator(self, table: Table, kind: str, scope: Scope) -> None:
        outputs = table.numbers(2)
        declared = tuple([scope.subgraph.tensor(index) for index in outputs])
        inputs = [scope[index] if index != -1 else None for index in table.numbers(1)]
        name = next((tensor.name for tensor in declared if tensor.name), kind.lower())
        operator = Operator(
            self.importer, kind, scope.prefix + name, inputs, options(table, kind), len(outputs), reader=Place(self, scope, declared)
        )
        made = self._made(operator, declared)
        for index, tensor, value in zip(outputs, declared, made, strict=False):
            if value is not None:
                scope[index] = value = self.given.known(tensor.name, value) if tensor.name in self.given.values else value
                if self.all_values is not None:
                    self.all_values[scope.subgraph.number, index] = value

    def _made(self, operator: Operator, declared: tuple[Tensor, ...]) -> list[Value | None]:
        entry = RULES.find("", operator.kind)
        counted = self.importer.unknown == "count"
        if entry is None:
            if not counted:
                raise RULES.unknown(operator)
        else:
            try:
                return folded(entry.fold, operator) or self.importer.apply(entry.rule, operator)
            except UnknownLayerError:
                if not counted or operator.parts:
                    raise
        return self.importer.opaque(operator, [tensor.shape for tensor in declared], [tensor.dtype for tensor in declared])
