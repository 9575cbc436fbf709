"""Walking an exported program: every operator goes to its rule, arithmetic on sizes is done at once."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from costmodel._num import Num, is_symbolic, total
from costmodel.errors import FieldError, ReaderError, UnknownLayerError
from costmodel.layers import Shape
from costmodel.readers._importer import Importer, placed
from costmodel.readers._inputs import Inputs
from costmodel.readers._values import Stored, Value
from costmodel.readers.torch._call import RULES, Aten
from costmodel.readers.torch._expressions import name_of, value_of
from costmodel.readers.torch._program import Call, Given, Graph, Program, Recorded, Ref, Size
from costmodel.readers.torch._sizes import IGNORED, SIZES

MOST_STEPS = 200_000
"""Operators looked at in one program."""
DEEPEST = 32
"""How deeply graphs may lie in each other."""

UNBACKED = re.compile(r"u\d+").fullmatch
"""The names that torch.export gives to sizes that depend on data."""


class Walker:
    """Takes a program to an importer, operator by operator."""

    def __init__(self, importer: Importer, program: Program) -> None:
        self.importer = importer
        self.program = program
        self.symbols: dict[str, Num] = {}
        self._steps = 0
        self._depth = 0

    def run(self, inputs: Inputs) -> list[Value]:
        """The outputs of the program."""
        values: dict[str, Any] = {}
        recorded = self.program.graph.tensors
        labels: dict[str, str] = {}
        for given in self.program.inputs:
            with placed(f"input {given.label!r}"):
                if given.name not in recorded:
                    values[given.name] = given.value
                elif given.kind == "user":
                    values[given.name] = self._input(given, recorded[given.name], inputs, labels)
                else:
                    values[given.name] = self._stored(given, recorded[given.name])
        outputs = self.graph(self.program.graph, values)
        self._tell_unused({given.label: values[given.name] for given in self.program.inputs if given.kind == "parameter"})
        return [value for value in outputs if isinstance(value, Value)]

    def graph(self, graph: Graph, values: dict[str, Any]) -> list[Any]:
        """The outputs of a graph whose inputs stand in `values`."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ReaderError(f"graphs lie more than {DEEPEST} deep in each other")
        names = _names(graph)
        for call, name in zip(graph.calls, names, strict=True):
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise ReaderError(f"has more than {MOST_STEPS} operators")
            with placed(f"node {next(iter(call.outputs), name)!r} ({call.target}) of module {call.module!r}"):
                self._call(call, name, graph, values)
        self._depth -= 1
        return [_looked_up(output, values) for output in graph.outputs]

    def _tell_unused(self, parameters: dict[str, Value]) -> None:
        unused = {label: value for label, value in parameters.items() if not self.importer.counts(value)}
        if unused:
            numbers = total(value.elements for value in unused.values())
            first = next(iter(unused))
            self.importer.assume(f"{numbers} stored parameters are not used and not counted: {first}{', ...' if len(unused) > 1 else ''}")

    def size(self, size: Size) -> Num:
        """A recorded size with the network's symbols."""
        return value_of(size, self._symbol) if isinstance(size, str) else size

    def _symbol(self, name: str) -> Num:
        if name not in self.symbols:
            from costmodel._symbols import SizeSymbol

            self.symbols[name] = SizeSymbol(name, integer=True)
        return self.symbols[name]

    def _input(self, given: Given, recorded: Recorded, inputs: Inputs, labels: dict[str, str]) -> Value:
        declared: list[Size] = []
        names: list[str | None] = []
        said = inputs.shapes.get(given.label)
        for axis, size in enumerate(recorded.shape):
            name = name_of(size) if isinstance(size, str) else None
            if isinstance(size, str) and name is None:
                raise ReaderError(f"axis {axis} is a multiple or a sum of symbols; only plain symbols are read")
            names.append(name)
            declared.append(size if isinstance(size, int) else labels.setdefault(str(name), f"{given.label}_{axis}"))
            if isinstance(size, int) and said is not None and axis < len(said) and said[axis] not in (size, None):
                raise FieldError(
                    f"`inputs[{given.label!r}]` (={said}): the program holds for the size {size} along axis {axis} alone, "
                    f"got {said[axis]}; "
                    f"PyTorch found that it can't change, or it was exported so"
                )
        value = inputs.make(self.importer, given.label, declared, recorded.dtype)
        for name, size in zip(names, value.shape, strict=True):
            if name is not None:
                self.symbols[name] = size
                self._range(given.label, size, *self.program.ranges.get(name, (None, None)))
        return value

    def _range(self, label: str, size: Num, least: int | None, most: int | None) -> None:
        """Sizes outside of what the program was exported for are refused; of symbols the range is said."""
        if type(size) is int:
            if (least is not None and size < least and size != 1) or (most is not None and size > most):
                raise FieldError(f"`inputs[{label!r}]`: the program was exported for sizes of {least} to {most}, got {size}")
        elif (least or 0) > 2 or most is not None:
            low = f"{least} <= " if (least or 0) > 2 else ""
            self.importer.assume(f"{low}{size}{f' <= {most}' if most is not None else ''}, as the program was exported")

    def _stored(self, given: Given, recorded: Recorded) -> Value:
        shape: Shape = tuple(self.size(size) for size in recorded.shape)
        value = Value(shape, recorded.dtype)
        is_parameter = given.kind == "parameter"
        value.sources = (Stored(given.key or given.label, value.elements, recorded.dtype, made=not is_parameter),)
        return value

    def _call(self, call: Call, name: str, graph: Graph, values: dict[str, Any]) -> None:
        if call.target in IGNORED:
            return
        arguments = {label: _looked_up(value, values) for label, value in call.arguments.items()}
        if call.target in SIZES:
            values[call.outputs[0]] = SIZES[call.target](*arguments.values())
            return
        if len(call.outputs) == 1 and call.outputs[0] in graph.sizes:
            values[call.outputs[0]] = self.size(graph.sizes[call.outputs[0]])
            return
        operator = self._operator(call, name, arguments, graph)
        made = self._made(operator, call)
        for label, value, shape in zip(call.outputs, made, operator.shapes, strict=False):
            if value is not None:
                _check(value, shape)
                values[label] = value
        if operator.kind != call.target.split(".")[1] and made and made[0] is not None:
            first = next(iter(call.arguments.values()), None)  # an operator in place: who reads the old name reads the new tensor
            if isinstance(first, Ref):
                values[first.name] = made[0]

    def _operator(self, call: Call, name: str, arguments: dict[str, Any], graph: Graph) -> Aten:
        domain, _, rest = call.target.partition(".")
        kind = rest.partition(".")[0] if domain != "higher_order" else rest
        if kind.endswith("_") and not kind.endswith("__") and RULES.find(domain, kind) is None:
            kind = kind[:-1]
        flat = [v for a in arguments.values() for v in (a if isinstance(a, list) else [a]) if isinstance(v, Value)]
        operator = Aten(self.importer, kind, name, list(flat), arguments, len(call.outputs), domain=domain, reader=self)
        recorded = [graph.tensors.get(label) for label in call.outputs]
        operator.shapes = [tuple(self.size(n) for n in r.shape) if r is not None else () for r in recorded]
        operator.dtypes = [r.dtype if r is not None else "float32" for r in recorded]
        return operator

    def _made(self, operator: Aten, call: Call) -> list[Value | None]:
        entry = RULES.find(operator.domain, operator.kind)
        if entry is not None:
            try:
                return self.importer.apply(entry.rule, operator)
            except UnknownLayerError:
                if self.importer.unknown != "count" or operator.parts:
                    raise
        elif self.importer.unknown != "count":
            raise RULES.unknown(operator)
        if not operator.shapes:
            return []
        return self.importer.opaque(operator, operator.shapes, operator.dtypes)


def _looked_up(argument: Any, values: dict[str, Any]) -> Any:
    if isinstance(argument, Ref):
        if argument.name not in values:
            raise ReaderError(f"reads {argument.name!r}, which nothing before it gives")
        return values[argument.name]
    return [_looked_up(entry, values) for entry in argument] if isinstance(argument, list) else argument


def _check(value: Value, shape: Shape) -> None:
    """What costmodel infers must be what was recorded."""
    if any(is_symbolic(size) and any(UNBACKED(str(symbol)) for symbol in size.free_symbols) for size in shape) and value.shape != shape:
        raise UnknownLayerError("has an output whose shape depends on the data, and no cost rule for it")
    if len(value.shape) != len(shape) or any(type(a) is int and type(b) is int and a != b for a, b in zip(value.shape, shape, strict=True)):
        raise ReaderError(f"has an output of shape {value.shape} by its rule, but {shape} was recorded")


def _names(graph: Graph) -> list[str]:
    """A name for the layer of every operator: the module's where it is all that the module does, else the module's and what it does."""
    calls = Counter(call.key for call in graph.calls if call.target not in SIZES and call.target not in IGNORED)
    inner = {".".join(words[:end]) for words in {tuple(call.module.split(".")) for call in graph.calls} for end in range(1, len(words))}
    names = []
    for call in graph.calls:
        kind = call.target.partition(".")[2].partition(".")[0].strip("_") or call.target
        if call.module and calls[call.key] == 1 and call.module not in inner:
            names.append(call.module)
        else:
            names.append(f"{call.module}.{kind}" if call.module else kind)
    return names
