"""What would help most? Single changes of machine, compiler and network, each predicted, ranked by their gain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from costmodel._num import Num
from costmodel.errors import CostModelError, FieldError
from costmodel.hardware import Hardware
from costmodel.network import Network, rewrites
from costmodel.network.layout import channels_first
from costmodel.prediction.views import notes
from costmodel.tables import Column, Table
from costmodel.whatif.question import Question, Subject, read, unit_of


class Move(NamedTuple):
    """One change: what is predicted in place of what there is."""

    what: str
    side: str
    """Who makes it: "machine", "compiler" or "network"."""
    network: Network
    hardware: Hardware
    options: dict[str, Any]
    """Of `predict`."""


PROPOSALS: list[Callable[[Question], Iterable[Move]]] = []
"""What proposes moves for a question; `proposal` adds to it."""


def proposal(propose: Callable[[Question], Iterable[Move]]) -> Callable[[Question], Iterable[Move]]:
    """Register a function that yields moves for a question."""
    PROPOSALS.append(propose)
    return propose


REWRITES: dict[str, Callable[[Network, Any], Iterable[tuple[str, Any]]]] = {
    "FoldNorm": lambda network, make: [("fold batch norms", make())],
    "FuseActivations": lambda network, make: [("fuse activations", make())],
    "DepthwiseSeparable": lambda network, make: _separable(network, make),
    "Width": lambda network, make: [("three quarters of all channels", make(0.75))],
    "Resolution": lambda network, make: [(f"pictures of {size} x {size}", make(size)) for size in _smaller(network)],
    "GlobalPooling": lambda network, make: [("global pooling before the dense layers", make())],
    "Prune": lambda network, make: [("half of the weights pruned, with masks", make(0.5, sparse_format="bitmap"))],
}
"""By the name of a rewrite what is worth trying of it, as words and the rewrite itself; what `costmodel.rewrites` lacks is left out."""


@proposal
def _machine(question: Question) -> Iterator[Move]:
    words = {"sram_bytes": "double the SRAM", "ddr_bytes_per_s": "double the bus", "mac_flops_per_s": "double the MAC rate",
             "other_ops_per_s": "double the rate of other operations", "flash_bytes_per_s": "double the rate of the flash"}  # fmt: skip
    for field, what in words.items():
        if (value := question.hardware.figures.get(field)) is not None:
            yield Move(what, "machine", question.base.network, question.hardware.replace(**{field: 2 * value}), question.options)


@proposal
def _compiler(question: Question) -> Iterator[Move]:
    network, options = question.base.network, question.options
    if options.get("order", "given") != "best":
        yield Move("run in the order of least peak", "compiler", network, question.hardware, options | {"order": "best"})
    if question.hardware.weights_in_flash:
        return
    rest = {key: value for key, value in options.items() if key not in question.base.policy.fields()}
    for policy, what in (("tiled", "tile every layer alone"), ("fused", "fuse layers depth-first")):
        if question.base.policy.name != policy:
            yield Move(what, "compiler", network, question.hardware, rest | {"traffic": policy})


@proposal
def _widths(question: Question) -> Iterator[Move]:
    for key, what in (("weight_bits", "weights"), ("activation_bits", "maps")):
        now = question.base.assumptions[key]
        if isinstance(now, int) and now > 1:
            options = question.options | {key: now // 2}
            yield Move(f"{what} in {now // 2} bits", "network", question.base.network, question.hardware, options)


@proposal
def _arguments(question: Question) -> Iterator[Move]:
    for name, share in (("width_multiplier", 3 / 4), ("resolution", 6 / 7)):
        if name not in question.arguments:
            continue
        variable = question.variable(name)
        smaller = [value for value in variable.lattice or () if value <= share * variable.value]
        if smaller:
            network = question.predict({name: smaller[-1]}).network
            yield Move(f"{name} {smaller[-1]:g}", "network", network, question.hardware, question.options)


@proposal
def _rewritten(question: Question) -> Iterator[Move]:
    for name, propose in REWRITES.items():
        if name not in rewrites.__all__ or {"Width": "width_multiplier", "Resolution": "resolution"}.get(name) in question.arguments:
            continue
        side = "compiler" if name in ("FoldNorm", "FuseActivations") else "network"
        for what, rewrite in propose(question.base.network, getattr(rewrites, name)):
            try:
                network = question.base.network.rewrite(rewrite)
            except CostModelError:
                continue  # it does not apply to this network
            if list(network.nodes.values()) == list(question.base.network.nodes.values()):
                continue  # there is nothing that it could change
            yield Move(what, side, network, question.hardware, question.options)


def _separable(network: Network, make: Any) -> Iterator[tuple[str, Any]]:
    """All convolutions at once, then one by one."""
    names = [node.name for node in network.nodes.values() if node.layer.kind == "conv2d" and node.variety() == "standard"]
    if len(names) > 1:
        yield "all convolutions separable", make()
    yield from ((f"{name} separable", make(where=name)) for name in names)


def _smaller(network: Network) -> Iterator[int]:
    """Of square pictures in steps of 32 the next smaller size."""
    shapes = [channels_first(shape) if network.channels_last else shape for shape in map(network.shape, network.inputs)]
    sizes = {size for shape in shapes for size in shape[2:]} if len(shapes) == 1 and len(shapes[0]) == 4 else set()
    yield from (size - 32 for size in sizes if len(sizes) == 1 and isinstance(size, int) and size > 64 and size % 32 == 0)


def what_helps(
    network: Subject, hardware: Hardware | str | Path = "pardhi", metric: str = "time_serial_s", *, maximise: bool = False, **options: Any
) -> Table:
    """Single changes, ranked by what they do to a figure.

    Parameters
    ----------
    network : Network, str, Path or callable
        As of `costmodel.solve`.
    hardware : Hardware, str or Path
    metric : str
        A figure of the totals.
    maximise : bool
        Whether it should be large: inferences a second, say.
    **options
        Of `predict`.

    Returns
    -------
    Table
        A row a change, the largest gain first: how many times better the figure becomes, beside MACs, weights and peak, which say what is
        paid for it. Changes that leave the figure as it is, or make it worse, stand last.

    Notes
    -----
    Machine figures are doubled; a compiler may reorder, tile, fuse and fold; the network may have half the bits, be narrower or smaller,
    or have separable convolutions. What a change does to the accuracy is not predicted.

    Examples
    --------
    >>> import costmodel as cm
    >>> table = cm.what_helps("mobilenet_v1", "pardhi")
    >>> for row in table.rows[:3]:
    ...     print(row["what"], f"{row['gain']:.2f}")
    width_multiplier 0.75 2.09
    double the bus 1.56
    resolution 192 1.50
    """
    from costmodel.api import predict

    question = Question(network, hardware, options)
    now = read(question.base, metric)
    if not now > 0:
        raise FieldError(f"`metric` `{metric}` is {now}: there is nothing to gain")
    rows: list[dict[str, Any]] = []
    refused = []
    for propose in PROPOSALS:
        for move in propose(question):
            try:
                prediction = predict(move.network, move.hardware, **move.options)
                figure = read(prediction, metric)
            except CostModelError as error:
                refused.append(f"{move.what}: {error}")
                continue
            rows.append(
                {"what": move.what, "side": move.side} | _figures(prediction, metric, figure) | {"gain": _gain(now, figure, maximise)}
            )
    rows.sort(key=lambda row: -row["gain"])
    unchanged = {"what": "as it is", "side": "-"} | _figures(question.base, metric, now) | {"gain": 1.0}
    columns = [
        Column("what", "what"),
        Column("side", "who"),
        Column("gain", "gain", "", lambda gain: f"{gain:.2f}x"),
        Column(metric, metric, unit_of(metric)),
        *(Column(key, words, unit) for key, words, unit in _PRICES if key != metric),
    ]
    title = f"{question.base.network.name} on {question.hardware.name}: what helps {metric} most"
    said = [f"does not apply: {one}" for one in refused]
    return Table(columns, rows, title=title, notes=[*said, *notes(question.base)], footer=unchanged)


_PRICES = (("macs", "MACs", ""), ("weight_bytes", "weights", "B"), ("peak_live_bytes", "peak live", "B"))


def _figures(prediction: Any, metric: str, figure: Num) -> dict[str, Num]:
    return {key: getattr(prediction.total, key) for key, _, _ in _PRICES} | {metric: figure}


def _gain(before: Num, after: Num, maximise: bool) -> float:
    if maximise:
        return float(after / before)
    return float(before / after) if after else float("inf")
