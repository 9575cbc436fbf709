"""Walking the graphs of an ONNX model: names, scopes, functions; every node goes to its rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from google.protobuf.message import DecodeError
from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TypeProto, defs

from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers import Shape
from costmodel.readers._folding import folded
from costmodel.readers._importer import Importer, Operator, located
from costmodel.readers._inputs import Inputs
from costmodel.readers._rules import CUSTOM
from costmodel.readers._values import BITS, Value
from costmodel.readers.onnx._file import DTYPES, Tensors
from costmodel.readers.onnx._rules import RULES

MOST_STEPS = 100_000
"""Operators looked at in one file, loops unrolled."""
DEEPEST = 32
"""How deeply graphs and functions may lie in each other."""


class Scope(dict[str, "Value"]):
    """The tensors of a graph by name; those of the graphs around it are seen too."""

    __slots__ = ("calls", "depth", "key", "opsets", "outer", "prefix", "references")

    def __init__(
        self, outer: Scope | None, key: str, opsets: Mapping[str, int], *,
        depth: int = 0, prefix: str = "", references: Mapping[str, Any] | None = None, calls: tuple[tuple[str, str], ...] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.outer = outer
        self.key = key  # tells stored tensors of different graphs apart
        self.opsets = opsets
        self.depth = depth
        self.prefix = prefix  # of the names of nodes
        self.references = references or {}  # the attributes of a function's call
        self.calls = calls  # the functions around it
        if self.depth > DEEPEST:
            raise ReaderError(f"graphs and functions lie more than {DEEPEST} deep in each other")

    def define(self, name: str, value: Value) -> None:
        """Note what a tensor is, once."""
        if name in self:
            raise ReaderError(f"gives {name!r}, which the graph has already; each of its tensors must be given once")
        self[name] = value

    def __missing__(self, name: str) -> Value:
        if self.outer is not None:
            return self.outer[name]
        raise ReaderError(f"reads {name!r}, which nothing before it gives: it is missing, or the graph has a cycle")


class Walker:
    """Takes graphs to an importer, node by node."""

    def __init__(self, importer: Importer, model: ModelProto, tensors: Tensors, given: Inputs) -> None:
        self.importer = importer
        self.given = given
        self.tensors = tensors
        self.functions: dict[tuple[str, str], FunctionProto] = {(_domain(f.domain), f.name): f for f in model.functions}
        self.opsets = {_domain(o.domain): o.version for o in model.opset_import}
        self.declared: dict[str, Any] | None = None
        self.all_values: dict[str, Value] | None = None
        self.steps = 0
        self._model = model

    def graph(self, graph: GraphProto, scope: Scope) -> list[Value]:
        """The outputs of a graph whose inputs stand in `scope`."""
        for tensor in graph.initializer:
            scope.define(tensor.name, self.tensors.value(tensor, scope.key + tensor.name))
        for sparse in graph.sparse_initializer:
            stored = self.tensors.value(sparse.values, scope.key + sparse.values.name)
            scope.define(sparse.values.name, Value(tuple(sparse.dims), stored.dtype, None, stored.sources))
        for node in graph.node:
            self.node(node, scope)
        return [scope[output.name] for output in graph.output]

    def subgraph(self, operator: Operator, graph: GraphProto, scope: Scope, name: str, inputs: list[Value]) -> list[Value]:
        """The outputs of a graph inside a node."""
        self._step()
        inner = Scope(
            scope, f"{scope.key}{operator.name}/{name}/", scope.opsets,
            depth=scope.depth + 1, prefix=scope.prefix, references=scope.references, calls=scope.calls,
        )  # fmt: skip
        if len(graph.input) > len(inputs):
            raise ReaderError(f"its {name} takes {len(graph.input)} inputs, got {len(inputs)}")
        inner.update({given.name: value for given, value in zip(graph.input, inputs, strict=False)})
        return self.graph(graph, inner)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise ReaderError(f"has more than {MOST_STEPS} operators once loops and functions are written out")

    def node(self, node: NodeProto, scope: Scope) -> None:
        """Add what a node costs, and note its outputs."""
        self._step()
        kind, outputs = node.op_type, list(node.output)
        try:
            given = self.given.values
            for label, value in zip(outputs, self._outputs(node, kind, outputs, scope), strict=False):
                if label and value is not None:
                    scope.define(label, self.given.known(label, value) if label in given else value)
        except Exception as error:
            raise located(error, f"node {node.name or next(iter(outputs), '')!r} ({kind})") from error
        if self.all_values is not None:
            self.all_values.update({label: scope[label] for label in outputs if label in scope})

    def _outputs(self, node: NodeProto, kind: str, outputs: list[str], scope: Scope) -> Sequence[Value | None]:
        inputs = [scope[name] if name else None for name in node.input]
        attributes = {a.name: _PLAIN[a.type](a) for a in node.attribute}
        if scope.calls:
            attributes |= {a.name: scope.references.get(a.ref_attr_name) for a in node.attribute if a.ref_attr_name}
        label = outputs[0] if outputs else kind
        domain = _domain(node.domain)
        operator = Operator(
            self.importer, kind, scope.prefix + (node.name or label), inputs, attributes, len(outputs),
            domain=domain, version=scope.opsets.get(domain, 1), reader=(self, scope, label),
        )  # fmt: skip
        if self.functions and (domain, kind) not in CUSTOM and (function := self.functions.get((domain, kind))) is not None:
            return self._inline(function, operator, scope)
        if (entry := RULES.find(domain, kind)) is None:
            if (body := _definition(node, operator)) is not None:
                return self._inline(body, operator, scope)
            if self.importer.unknown != "count":
                raise RULES.unknown(operator)
            return self._opaque(operator, node, scope, "has no cost rule")
        if entry.fold is not None and (known := folded(entry.fold, operator)) is not None:
            return known
        try:
            return self.importer.apply(entry.rule, operator)
        except UnknownLayerError as error:
            if self.importer.unknown != "count" or operator.parts:
                raise
            return self._opaque(operator, node, scope, str(error))

    def _opaque(self, operator: Operator, node: NodeProto, scope: Scope, reason: str) -> list[Value | None]:
        """An operator whose cost is not known: its outputs have the shapes that the file declares, else that of an input."""
        flowing = [value for value in operator.given() if value.ref]
        like = next((value for value in flowing if value.shape), next(iter(flowing), None))
        shapes, dtypes = [], []
        for label in node.output:
            shape, dtype = self._declared(label, scope)
            if shape is None:
                if like is None:
                    raise UnknownLayerError(
                        f"{reason}; it can't be counted without one either: the file declares no shape of its output {label!r}, "
                        f"and it has no input of the network to take one from"
                    )
                shape = like.shape
                said = "x".join(map(str, shape)) or "a single number"
                self.importer.assume(
                    f"{operator.kind} {operator.name!r}: the file doesn't say the shape of its output {label!r}; "
                    f"its input's is taken, {said}"
                )
            shapes.append(shape)
            dtypes.append(dtype or (like.dtype if like is not None else "float32"))
        return self.importer.opaque(operator, shapes, dtypes)

    def _declared(self, label: str, scope: Scope) -> tuple[Shape | None, str]:
        """The shape of a tensor and its number format where the file declares them; inside functions names mean other tensors."""
        if self.declared is None:
            self.declared = {}
            for info in (v for graph in graphs(self._model.graph) for v in (*graph.value_info, *graph.output)):
                found = info.type.tensor_type
                if found.HasField("shape"):  # graphs inside may use a name for different tensors
                    self.declared[info.name] = found if self.declared.get(info.name, found) == found else None
        tensor = None if scope.calls else self.declared.get(label)
        if tensor is None:
            return None, ""
        dtype = DTYPES.get(tensor.elem_type, "")
        dtype = dtype if dtype in BITS else ""
        shape = [dim.dim_value if dim.dim_value > 0 else self.given.size(dim.dim_param) for dim in tensor.shape.dim]
        return (None if None in shape else tuple(shape)), dtype

    def _inline(self, function: FunctionProto, operator: Operator, scope: Scope) -> list[Value | None]:
        """The outputs of a function of the file."""
        called = operator.domain, operator.kind
        if called in scope.calls:
            raise ReaderError(f"function {operator.kind!r} of domain {operator.domain!r} calls itself, so that it never ends")
        inner = Scope(
            None, f"{operator.domain}.{operator.kind}/",
            {_domain(o.domain): o.version for o in function.opset_import} or scope.opsets,
            depth=scope.depth + 1, prefix=f"{operator.name}/",
            references={a.name: _PLAIN[a.type](a) for a in function.attribute_proto} | dict(operator.attributes),
            calls=(*scope.calls, called),
        )  # fmt: skip
        inner.update({name: v for name, v in zip(function.input, operator.inputs, strict=False) if v is not None})
        for node in function.node:
            self.node(node, inner)
        return [inner[name] for name in function.output]


def _definition(node: NodeProto, operator: Operator) -> FunctionProto | None:
    """The function of other operators that ONNX defines an operator by, where it does."""
    if operator.domain and not operator.domain.startswith("ai.onnx"):
        return None
    try:
        schema: Any = defs.get_schema(node.op_type, operator.version, operator.domain)
        if schema.has_function:
            body: FunctionProto = schema.function_body
            return body
        if not schema.has_context_dependent_function:
            return None
        types = [b"" if v is None else _type_of(v).SerializeToString() for v in operator.inputs]
        function = FunctionProto()
        function.ParseFromString(schema.get_context_dependent_function(node.SerializeToString(), types))
    except (defs.SchemaError, RuntimeError, ValueError, DecodeError):
        return None
    return function if function.node else None


def _type_of(value: Value) -> TypeProto:
    """The type of a tensor as ONNX says it."""
    names = {name: number for number, name in DTYPES.items()}
    made = TypeProto()
    made.tensor_type.elem_type = names.get(value.dtype, 0)
    for size in value.shape:
        dim = made.tensor_type.shape.dim.add()
        if type(size) is int:
            dim.dim_value = size
    return made


def graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph and those inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield from graphs(attribute.g)


_PLAIN: dict[int, Callable[[AttributeProto], Any]] = defaultdict(
    lambda: lambda attribute: None,
    {
        AttributeProto.INT: attrgetter("i"),
        AttributeProto.INTS: lambda a: list(a.ints),
        AttributeProto.FLOAT: attrgetter("f"),
        AttributeProto.FLOATS: lambda a: list(a.floats),
        AttributeProto.STRING: lambda a: a.s.decode("utf-8", "replace"),
        AttributeProto.STRINGS: lambda a: [text.decode("utf-8", "replace") for text in a.strings],
        AttributeProto.TENSOR: attrgetter("t"),
        AttributeProto.GRAPH: attrgetter("g"),
        AttributeProto.SPARSE_TENSOR: attrgetter("sparse_tensor"),
    },
)
"""An attribute as a number, a text, a list of them, a tensor or a graph; None for other kinds."""


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
