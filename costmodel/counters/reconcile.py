"""Why the figures of other tools differ, in one table."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from costmodel import quantities
from costmodel._num import Num, is_symbolic, total
from costmodel.api import as_network
from costmodel.counters.account import CAUSES, account, family
from costmodel.counters.claim import Claim
from costmodel.counters.rules import TOOLS
from costmodel.errors import SymbolicError
from costmodel.formulas.operations import OTHER_OPS
from costmodel.network import Network
from costmodel.tables import Column, Table


def reconcile(network: Network | str | Path, *, functions: Collection[str] = (), claimed: str | int | None = None) -> Table:
    """What other tools print of a network, and by which of their rules.

    Every row adds up: the MACs of the first row and the causes of a row give its figure, exactly.

    Parameters
    ----------
    network : Network, str or Path
        A network, the name of one in the zoo, or a model file.
    functions : collection of str
        Layers that the model calls as functions of torch, by kind or by name: ``("relu", "pool5")``. Tools that hook modules miss
        them. All others are modules, or operators (``+``, ``*``, ``@``) where torch has no module.
    claimed : str or int, optional
        A figure to explain: "4.1G", "569 M", 4089184256. Rows that give its digits come first, then the nearest.

    Returns
    -------
    Table
        Our own counts, then a row a tool. ``unknown_kinds`` names the layers that a tool has no rule for here; its figure leaves
        them out.

    Raises
    ------
    QuantityError
        A claim that is not a figure.
    SymbolicError
        A claim about a network with symbols.
    UnknownNameError
        `functions` names neither a layer of the network nor a kind in it.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.resnet50(version="v1.5")
    >>> rows = {row["tool"]: row for row in cm.reconcile(net).rows}
    >>> rows["torch FlopCounterMode"]["figure"], rows["torch FlopCounterMode"]["twice"]
    (8178368512, 4089184256)
    >>> cm.reconcile(net, claimed="8.18 GFLOPs").notes[0]
    '8.18 GFLOPs is what these give: costmodel, 2 a MAC; torch FlopCounterMode'
    """
    network = as_network(network)
    claim = None if claimed is None else Claim.of(claimed)
    if claim and is_symbolic(network.macs):
        raise SymbolicError(f"a claim (={claimed!r}) needs a network of plain sizes; {network.name!r} holds symbols")
    rows = [*_ours(network), *_theirs(network, functions)]
    columns = [
        Column("tool", "tool"),
        Column("figure", "figure", ""),
        *(
            Column(key, heading, "", _signed, rank)
            for rank, (key, heading) in enumerate(CAUSES.items(), start=1)
            if any(_present(row[key]) for row in rows)
        ),
        Column("parameters", "parameters", "", None, 20),
        Column("prints", "prints", None, None, 21),
    ]
    if any(row["unknown_kinds"] for row in rows):
        columns.append(Column("unknown_kinds", "no rule for"))
    columns.append(Column("convention", "convention", None, None, 22))
    notes = ["figure = MACs + what stands between it and the parameters; layers are modules of torch, sums and products are + * @"]
    if functions:
        notes.append("called as functions: " + ", ".join(functions))
    if claim is not None:
        rows, verdict = claim.judge(rows, network.parameters)
        columns.insert(2, Column("claim", "against the claim"))
        notes.insert(0, verdict)
    return Table(columns, rows, title=f"{network.name}: what other tools print", notes=notes)


def _row(tool: str, figure: Num, causes: Any, parameters: Any, prints: str, unknown: tuple[str, ...], convention: str) -> dict[str, Any]:
    return {
        "tool": tool, "figure": figure, **{key: causes.get(key, 0) for key in CAUSES}, "parameters": parameters, "prints": prints,
        "unknown_kinds": unknown, "convention": convention,
    }  # fmt: skip


def _ours(network: Network) -> list[dict[str, Any]]:
    """Our own counts: MACs, and FLOPs without and with everything else."""
    macs, parameters = network.macs, network.totals.trainable
    terms: dict[str, list[Num]] = {"twice": [macs]}
    for name, node in network.nodes.items():
        for step, number in network.counts[name].other:
            terms.setdefault("biases" if step == "bias_add" else family(node), []).append(OTHER_OPS[step].ops * number)
    causes = {cause: total(numbers) for cause, numbers in terms.items()}
    return [
        _row("costmodel", macs, {}, parameters, "MACs", (), "one multiply and the add into its accumulator"),
        _row("costmodel, 2 a MAC", 2 * macs, {"twice": macs}, parameters, "FLOPs of MACs alone", (), "a MAC is two operations"),
        _row(
            "costmodel, all", total((macs, *causes.values())), causes, parameters, "FLOPs", (),
            "2 a MAC, and every other operation by our table",
        ),
    ]  # fmt: skip


def _theirs(network: Network, functions: Collection[str]) -> list[dict[str, Any]]:
    rows = []
    for tool in TOOLS.values():
        found = account(network, tool, functions)
        rows.append(_row(tool.title, found.figure, found.causes, found.parameters, tool.prints, found.unknown, tool.words))
    return rows


def _present(value: Num) -> bool:
    return bool(value != 0)


def _signed(value: Any) -> str:
    """A cause for people: with its sign, and nothing where it is nothing."""
    if type(value) is not int:
        return quantities.show(value)
    if value == 0:
        return "-"
    return ("+" if value > 0 else "-") + quantities.show(abs(value))
