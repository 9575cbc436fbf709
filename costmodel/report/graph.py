"""A network drawn as its graph: layers in columns by depth, sized by what they cost, coloured by what binds."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from costmodel import quantities
from costmodel.errors import UnknownNameError
from costmodel.report import style
from costmodel.report.charts import spread

if TYPE_CHECKING:
    from costmodel.prediction import Prediction
    from costmodel.report.style import Chart

SIZES = {
    "time_serial_s": ("serial time", "s"), "time_overlapped_s": ("overlapped time", "s"), "macs": ("MACs", "MAC"),
    "ddr_bytes": ("DDR traffic", "B"), "weight_bytes": ("weights", "B"), "live_bytes": ("live bytes", "B"),
}  # fmt: skip
"""What the size of a node may stand for: its words and its unit."""
_SWEEPS = 12


def graph(prediction: Prediction, *, size: str = "time_serial_s", name: int = 4, title: str = "", width: int = 820) -> Chart:
    """The network from left to right: a node a layer, as large as its cost, in the colour of what binds; lines are feature maps.

    Parameters
    ----------
    prediction : Prediction
    size : str
        Figure that the area of a node stands for: "time_serial_s", "time_overlapped_s", "macs", "ddr_bytes", "weight_bytes" or
        "live_bytes".
    name : int
        So many of the largest nodes have their names.
    title : str
        Above the plot.
    width : int
        [pixel]

    Returns
    -------
    altair.LayerChart

    Notes
    -----
    The column of a layer is the length of the longest way to it. A line over several columns passes each of them at a place of its
    own. Places in a column are ordered by the mean of their neighbours' and then moved towards it (Sugiyama).

    Examples
    --------
    >>> import costmodel as cm
    >>> p = cm.predict("mobilenet_v2")
    >>> nodes = cm.plot.graph(p).to_dict()["layer"][1]["data"]["values"]
    >>> len(nodes) == len(p), sum(node["size"] for node in nodes) - p.total.time_serial_s < 1e-12
    (True, True)
    """
    if size not in SIZES:
        raise UnknownNameError.of("size of a node", size, SIZES)
    alt = style.load()
    rows = style.plain(prediction).rows
    maps = prediction.workload.maps
    edges = [(producer, i) for i, row in enumerate(rows) for ref in row.step.reads if (producer := maps[ref].producer) >= 0]
    places, ways = layered(len(rows), list(dict.fromkeys(edges)))
    nodes = [
        {"name": row.name, "kind": style.words(row.kind), "x": places[i][0], "y": places[i][1], "size": float(getattr(row, size)),
         "binds": row.bound_by if row.time_serial_s else "nothing"}
        for i, row in enumerate(rows)
    ]  # fmt: skip
    lines = [{"way": number, "order": order, "x": x, "y": y} for number, way in enumerate(ways) for order, (x, y) in enumerate(way)]
    low, high = min(y for _, y in places), max(y for _, y in places)
    low, high = min([low, *(point["y"] for point in lines)]) - 1, max([high, *(point["y"] for point in lines)]) + 1
    height = int(min(520, max(150, 26 * (high - low))))
    last = max(x for x, _ in places)
    across = alt.Scale(domain=[-0.02 * last - 0.5, 1.02 * last + 0.5], nice=False)
    x = alt.X("x:Q", axis=None, scale=across)
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[low, high], nice=False))
    bus = "flash" if prediction.hardware.weights_in_flash else "ddr"
    kinds = [kind for kind in (bus, "macs", "other", "overhead", "nothing") if any(node["binds"] == kind for node in nodes)]
    colours, shapes = style.BINDS | {"nothing": style.GREY}, style.SHAPES | {"nothing": "circle"}
    legend = alt.Legend(title="binds", orient="top", symbolSize=90, offset=26)
    colour = style.keyed(alt.Color, "binds:N", {kind: colours[kind] for kind in kinds}, legend=legend)
    shape = style.keyed(alt.Shape, "binds:N", {kind: shapes[kind] for kind in kinds}, legend=legend)
    most = max(node["size"] for node in nodes) or 1.0
    largest = max(150.0, min(900.0, 0.785 * (1.5 * width / (last + 1)) ** 2))
    area = alt.Size("size:Q", legend=None, scale=alt.Scale(domain=[0, most], range=[8, largest], nice=False))
    what, unit = SIZES[size]
    tips = [alt.Tooltip("name:N", title="layer"), alt.Tooltip("kind:N"), alt.Tooltip("size:Q", title=f"{what} ({unit})", format=".4s")]
    drawn_edges = style.chart(lines).mark_line(color=style.GREY, strokeWidth=0.8, opacity=0.6, interpolate="monotone")
    drawn = style.chart(nodes).mark_point(filled=True, opacity=0.85).encode(x, y, colour, shape, area, tooltip=tips)
    heavy = _named(nodes, name, size, width / (1.04 * last + 1), 0.02 * last + 0.5, width)
    words = style.chart(heavy)
    leaders = words.mark_rule(color=style.GREY, strokeDash=[1, 3]).encode(x, y, y2=alt.Y2(datum=high))
    labels = words.mark_text(baseline="bottom", dy=-3, fontSize=11, color=style.GREY).encode(
        alt.X("label:Q", scale=across), y=alt.value(0), text="text:N"
    )
    chart = alt.layer(drawn_edges.encode(x, y, detail="way:N", order="order:Q"), drawn, leaders, labels).properties(
        width=width, height=height
    )
    first = max(nodes, key=lambda node: float(node["size"]))
    share = float(first["size"]) / (sum(float(node["size"]) for node in nodes) or 1.0)
    part = "has the most live bytes" if size == "live_bytes" else f"has {share:.0%} of the {what}"
    said = f"{prediction.network.name} on {prediction.hardware.name}: of {len(nodes)} layers {first['name']} {part}"
    return style.dressed(chart, title or said, f"area: {what} ({unit}); lines: feature maps; {last + 1:g} columns deep", prediction)


def _named(nodes: list[dict[str, Any]], count: int, size: str, step: float, margin: float, width: int) -> list[dict[str, Any]]:
    """The largest nodes whose names stand clear of each other, with the place of the name; `step` pixels are a column."""
    chosen: list[dict[str, Any]] = []
    least = 0.1 * max(node["size"] for node in nodes)
    for node in sorted(nodes, key=lambda node: -float(node["size"])):
        text = f"{node['name']}: {quantities.show(node['size'], SIZES[size][1])}"
        half = 3.2 * len(text)
        at = min(max((node["x"] + margin) * step, half), width - half)
        if len(chosen) < count and node["size"] >= least and all(abs(at - one["pixel"]) > half + one["half"] + 12 for one in chosen):
            chosen.append({**node, "text": text, "pixel": at, "half": half, "label": at / step - margin})
    return chosen


def layered(count: int, edges: list[tuple[int, int]]) -> tuple[list[tuple[float, float]], list[list[tuple[float, float]]]]:
    """Places of nodes 0, 1, ... in columns, and the way of each edge through them.

    Examples
    --------
    >>> places, ways = layered(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    >>> [x for x, _ in places], [x for x, _ in ways[3]]            # the long edge passes columns 1 and 2
    ([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0])
    >>> ways[3][1][1] != places[1][1]
    True
    """
    import networkx as nx

    network: nx.DiGraph[int] = nx.DiGraph()
    network.add_nodes_from(range(count))
    network.add_edges_from(edges)
    column = {node: depth for depth, generation in enumerate(nx.topological_generations(network)) for node in generation}
    columns: list[list[Hashable]] = [[] for _ in range(max(column.values(), default=0) + 1)]
    for node in range(count):
        columns[column[node]].append(node)
    chains: list[list[Hashable]] = []
    before: dict[Hashable, list[Hashable]] = {}
    after: dict[Hashable, list[Hashable]] = {}
    for tail, head in edges:
        chain: list[Hashable] = [tail, *((tail, head, depth) for depth in range(column[tail] + 1, column[head])), head]
        for depth, passing in enumerate(chain[1:-1], column[tail] + 1):
            columns[depth].append(passing)
        for one, next_ in pairwise(chain):
            after.setdefault(one, []).append(next_)
            before.setdefault(next_, []).append(one)
        chains.append(chain)
    place = {node: float(index) for nodes in columns for index, node in enumerate(nodes)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        near = before if forward else after
        for nodes in columns if forward else reversed(columns):
            wanted = {node: _mean([place[other] for other in near.get(node, ())], place[node]) for node in nodes}
            nodes.sort(key=lambda node: wanted[node])
            place.update(zip(nodes, spread([wanted[node] for node in nodes], 1.0), strict=True))
    points = [(float(column[node]), place[node]) for node in range(count)]
    ways = [[(float(column[tail] + i), place[one]) for i, one in enumerate(chain)] for (tail, _), chain in zip(edges, chains, strict=True)]
    return points, ways


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
