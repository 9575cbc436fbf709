"""An exported program in memory as a record. PyTorch's own objects are only looked at; nothing is run."""

from __future__ import annotations

from typing import Any

from costmodel.errors import UnknownLayerError
from costmodel.readers.torch._program import Call, Given, Graph, Program, Recorded, Ref, Size

KINDS = {"USER_INPUT": "user", "PARAMETER": "parameter", "BUFFER": "buffer", "CONSTANT_TENSOR": "constant"}


def program_of(exported: Any) -> Program:
    """The record of a `torch.export.ExportedProgram`."""
    graph = _graph(exported.graph, exported.graph_module)
    stored = {**exported.constants, **exported.state_dict}
    first: dict[object, str] = {}
    inputs: list[Given] = []
    for spec in exported.graph_signature.input_specs:
        kind: Any = KINDS.get(spec.kind.name, "other")
        name = getattr(spec.arg, "name", "")
        label = name if kind == "user" else spec.target or name
        key = first.setdefault(_identity(stored.get(label, label)), label)
        inputs.append(Given(name, kind, label, key, getattr(spec.arg, "value", None)))
    wanted = {s.arg.name for s in exported.graph_signature.output_specs if s.kind.name == "USER_OUTPUT" and hasattr(s.arg, "name")}
    graph = graph._replace(outputs=[ref for ref in graph.outputs if isinstance(ref, Ref) and ref.name in wanted])
    ranges = {str(symbol): (_bound(r.lower), _bound(r.upper)) for symbol, r in exported.range_constraints.items()}
    return Program(_title(exported), inputs, graph, ranges)


def _identity(tensor: Any) -> object:
    """The same for two names of one tensor."""
    if isinstance(tensor, str):
        return tensor
    return (
        id(tensor)
        if tensor.is_meta
        else (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), id(tensor) if not tensor.data_ptr() else 0)
    )


def _bound(number: Any) -> int | None:
    return int(number) if getattr(number, "is_Integer", False) and abs(int(number)) < 2**62 else None


def _title(exported: Any) -> str:
    for node in exported.graph.nodes:
        for _, kind in (node.meta.get("nn_module_stack") or {}).values():
            text = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
            if text:
                return str(text.rpartition(".")[2])
    return "exported"


def _graph(graph: Any, owner: Any) -> Graph:
    tensors: dict[str, Recorded] = {}
    sizes: dict[str, Size] = {}
    inputs: list[str] = []
    calls: list[Call] = []
    outputs: list[Any] = []
    graphs: dict[str, Graph] = {}
    for node in graph.nodes:
        value = node.meta.get("val")
        for name, part in _results(node, value):
            if hasattr(part, "shape"):
                tensors[name] = Recorded(tuple([_size(n) for n in part.shape]), dtype_of(part.dtype))
            elif part is not None and not isinstance(part, str):
                sizes[name] = _size(part)
        if node.op == "placeholder":
            inputs.append(node.name)
        elif node.op == "get_attr" and hasattr(found := _attribute(owner, node.target), "graph"):
            graphs[node.name] = _graph(found.graph, found)
        elif node.op == "output":
            outputs = _flat(_argument(node.args[0], graphs))
        elif node.op == "call_function" and not _picks(node):
            module, key = _module(node)
            names = tuple([name for name, _ in _results(node, value)])
            calls.append(Call(_target(node.target), _arguments(node, graphs), names, module, key))
    return Graph(tuple(inputs), calls, outputs, tensors, sizes)


def _picks(node: Any) -> bool:
    """Whether a node takes one of several results of another."""
    is_pick = getattr(node.target, "__name__", "") == "getitem" and hasattr(node.args[0], "meta")
    return is_pick and isinstance(node.args[0].meta.get("val"), tuple | list)


def _results(node: Any, value: Any) -> list[tuple[str, Any]]:
    """The names of what a node gives; of several results those of the nodes that pick them."""
    if not isinstance(value, tuple | list):
        return [] if value is None else [(node.name, value)]
    names = [f"{node.name}_{index}" for index in range(len(value))]
    for user in node.users:
        if _picks(user):
            names[user.args[1]] = user.name
    return list(zip(names, value, strict=True))


def _attribute(owner: Any, path: str) -> Any:
    for part in path.split("."):
        owner = getattr(owner, part, None)
    return owner


def _module(node: Any) -> tuple[str, str]:
    stack = list((node.meta.get("nn_module_stack") or {}).items())
    if not stack:
        return "", ""
    key, (path, _) = stack[-1]
    return path.partition("@")[0], key


def _target(target: Any) -> str:
    schema = getattr(target, "_schema", None)
    if schema is not None:
        return f"{schema.name.replace('::', '.')}.{schema.overload_name or 'default'}"
    if hasattr(target, "namespace"):
        return f"{target.namespace}.{target.__name__}"
    return f"{target.__module__}.{target.__name__}"


def _arguments(node: Any, graphs: dict[str, Graph]) -> dict[str, Any]:
    schema = getattr(node.target, "_schema", None)
    names = [a.name for a in schema.arguments] if schema is not None else [str(i) for i in range(len(node.args))]
    given = dict(zip(names, node.args, strict=False)) | dict(node.kwargs)
    return {name: _argument(value, graphs) for name, value in given.items()}


def _argument(value: Any, graphs: dict[str, Graph]) -> Any:
    if isinstance(value, tuple | list):
        return [_argument(entry, graphs) for entry in value]
    if hasattr(value, "op") and hasattr(value, "users"):
        return graphs.get(value.name) or Ref(value.name)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    text = str(value)
    return dtype_of(value) if text.startswith("torch.") else text


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [entry for part in value for entry in _flat(part)]
    return [value]


def dtype_of(dtype: Any) -> str:
    """The name of a number format."""
    name = str(dtype).removeprefix("torch.")
    return name.replace("_", "") if name.startswith("float8") else name


def _size(size: Any) -> Size:
    if isinstance(size, bool | int | float):
        return int(size) if not isinstance(size, float) or size == int(size) else str(size)
    import sympy

    expression = getattr(getattr(size, "node", None), "expr", None)
    if expression is None:
        raise UnknownLayerError(f"sizes of {type(size).__name__} have no cost rule")
    return int(expression) if expression.is_Integer else str(sympy.srepr(expression))
