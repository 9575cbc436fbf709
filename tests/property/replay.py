"""A fused plan run row by row. Knows the network's taps and the plan's choices, and no formula of the planner's.

Rules. A row is made when something needs it, once. It leaves when neither it nor a row above it is needed any more. A map that
crosses the bus crosses whole, but for a layer that is tiled, which walks its own loops. A map held whole weighs all its rows from the
beginning of a group to its end. Weights that stay weigh
at every step; others are read in every stripe in which their layer makes a row. A residual add runs as its convolution writes.
"""

from collections import defaultdict
from math import prod

from mappings import Small, cost, reads

from costmodel.layers.window import Window


def taps(node, position: int, row: int) -> set[int]:
    """The input rows that an output row of a node needs, tap by tap."""
    x, y, layer = node.input_shapes[position], node.output_shapes[0], node.layer
    if len(x) < 3 or len(x) != len(y):
        return set(range(x[2] if len(x) > 2 else 1))
    if hasattr(layer, "output_padding"):
        k, s, d, p = (layer.per_axis(field)[0] for field in ("kernel_size", "stride", "dilation", "padding"))
        return {r for r in range(x[2]) if any(r * s - p + d * tap == row for tap in range(k))}
    if layer.kind.startswith("adaptive"):
        return {r for r in range(x[2]) if r * y[2] < (row + 1) * x[2] and (r + 1) * y[2] > row * x[2]}
    if hasattr(layer, "kernel_size"):
        window = Window.of(layer)
        k, s, d = window.kernel[0], window.stride[0], window.dilation[0]
        pad = window.pads[0][0] if window.pads else max((y[2] - 1) * s + (k - 1) * d + 1 - x[2], 0) // 2
        found = {row * s - pad + d * tap for tap in range(k)}
        return {r for r in range(min(found), max(found) + 1) if 0 <= r < x[2]}
    if x[2] == y[2] and layer.kind not in ("softmax", "dense", "matmul", "layer_norm"):
        return {row}
    return set(range(x[2]))


def nest(node) -> tuple[int, Small]:
    """The groups of a layer, and the loops of one."""
    x, y, layer = node.input_shapes[0], node.output_shapes[0], node.layer
    one = (1, 1, 1, 0, 1)
    if layer.kind == "dense":
        rows = prod(y[:-1])
        return 1, Small(1, y[-1], x[-1], rows, 1, 1, 1, (rows, 1, 1, 0, 1), one)
    if layer.kind == "matmul":
        return prod(y[:-2]), Small(1, y[-1], x[-1], y[-2], 1, 1, 1, (y[-2], 1, 1, 0, 1), one)
    groups = x[1] if "depthwise" in layer.kind else getattr(layer, "groups", 1)
    window, lines = Window.of(layer), []
    for axis in range(len(x) - 2):
        k, s, d = window.kernel[axis], window.stride[axis], window.dilation[axis]
        if hasattr(layer, "output_padding"):
            lines.append((x[2 + axis], 1, d, (k - 1) * d - layer.per_axis("padding")[axis], s))
        else:
            pad = window.pads[axis][0] if window.pads else max((y[2 + axis] - 1) * s + (k - 1) * d + 1 - x[2 + axis], 0) // 2
            lines.append((x[2 + axis], s, d, pad, 1))
    sizes, kernel = (*y[2:], 1)[:2], (*window.kernel, 1)[:2]
    return groups, Small(x[0], y[1] // groups, x[1] // groups, *sizes, *kernel, *(*lines, one)[:2])


class Replay:
    """Bytes over the bus, and the most held, of a plan."""

    def __init__(self, plan) -> None:
        self.tasks, self.maps, self.workload = plan.tasks.tasks, plan.tasks.maps, plan.tasks.workload
        self.number = {fmap.ref: index for index, fmap in enumerate(self.maps)}
        self.ddr_bytes = self.sram_bytes = 0
        self.in_ddr = {i for i, fmap in enumerate(self.maps) if fmap.producer < 0}
        self.on_chip: set[int] = set()
        ran = [step for task in self.tasks for step in task.steps]
        assert sorted(ran) == list(range(len(self.workload.steps)))
        assert [g.first for g in plan.partition] + [len(self.tasks)] == [0] + [g.end for g in plan.partition]
        for group in plan.partition:
            self.run(group)
        assert {i for i, fmap in enumerate(self.maps) if fmap.is_output} <= self.in_ddr

    def sums_up(self, task: int) -> bool:
        node = self.workload.steps[self.tasks[task].steps[0]].nodes[0]
        return "pool" in node.layer.kind and len(node.output_shapes[0]) > 2 and node.output_shapes[0][2] == 1

    def needs(self, task: int, row: int) -> set[tuple[int, int]]:
        """The rows of other tasks' maps that a task needs to make a row."""
        if self.sums_up(task):
            return {(read.map, row) for read in self.tasks[task].reads}
        found = set()
        inside = {node.name for step in self.tasks[task].steps for node in self.workload.steps[step].nodes}
        for step in self.tasks[task].steps:
            for node in self.workload.steps[step].nodes:
                for position, ref in enumerate(node.inputs):
                    stored = self.workload.stored[ref]
                    if stored.node in inside:
                        continue
                    index = self.number[stored]
                    same = self.workload.network.shape(stored) == node.input_shapes[position]
                    rows = taps(node, position, row) if same else range(self.maps[index].rows)
                    found |= {(index, r) for r in rows}
        return found

    def run(self, group) -> None:
        inside = range(group.first, group.end)
        read = {index for task in inside for index, _ in self.needs(task, 0)} | {r.map for t in inside for r in self.tasks[t].reads}
        made = {index for task in inside for index in self.tasks[task].writes}
        assert set(group.loaded) <= self.in_ddr
        assert read - made - set(group.loaded) <= self.on_chip
        assert set(group.stored) <= made
        whole = set(group.kept)
        assert whole <= self.on_chip | set(group.loaded) | made
        moved = sum(self.maps[index].n_bytes for index in (*group.loaded, *group.stored))
        always = sum(self.maps[index].n_bytes for index in whole)
        if group.mode == "channels":
            weights, peak = self.channels(group, always)
        elif group.mode == "tiles":
            moved, peak = self.tiles(group, always)
            weights = 0
        else:
            weights, peak = self.rows(group, whole, always)
        assert peak == group.sram_bytes
        assert moved + weights == group.ddr_bytes
        self.ddr_bytes += moved + weights
        self.sram_bytes = max(self.sram_bytes, peak)
        self.in_ddr |= set(group.stored)
        after = {i for i, fmap in enumerate(self.maps) if fmap.consumers and fmap.consumers[-1] >= group.end}
        output = self.tasks[group.end - 1].writes[0]
        streamed_out = {output} - set(group.stored) if group.mode == "channels" else set()
        self.on_chip = (whole | streamed_out) & after

    def rows(self, group, whole: set[int], always: int) -> tuple[int, int]:
        """Bytes of weights read, and the most held."""
        inside = range(group.first, group.end)
        last = self.tasks[group.end - 1].rows
        done = dict.fromkeys(inside, 0)
        loaded: dict[int, int] = defaultdict(int)
        events = []  # (task, rows needed, rows that come in)
        for stripe in range(group.stripes):
            want = {group.end - 1: min((stripe + 1) * group.height, last)}
            wanted: dict[int, int] = defaultdict(int)  # of every map the rows needed by the end of the stripe
            for task in reversed(inside):
                one = self.tasks[task]
                if task not in want:
                    rows = 0
                    for index in one.writes:
                        fmap, readers = self.maps[index], [c for c in self.maps[index].consumers if c in inside]
                        goes_on = fmap.is_output or (fmap.consumers and fmap.consumers[-1] >= group.end)
                        if not readers:
                            rows = -(-(stripe + 1) * fmap.rows // group.stripes)
                        elif goes_on and stripe == group.stripes - 1:
                            rows = fmap.rows
                        else:
                            rows = wanted[index]
                        rows = rows * one.rows // fmap.rows
                    want[task] = max(rows, done[task])
                for row in range(done[task], want[task]):
                    for index, r in self.needs(task, row):
                        wanted[index] = max(wanted[index], r + 1)
            for task in inside:
                needed = {pair for row in range(done[task], want[task]) for pair in self.needs(task, row)}
                comes = set()
                for index in {r.map for r in self.tasks[task].reads}:
                    if self.maps[index].producer < group.first:
                        comes |= {(index, r) for r in range(loaded[index], wanted[index])}
                        loaded[index] = max(loaded[index], wanted[index])
                makes = set()
                for index in self.tasks[task].writes:
                    rows, all_rows = self.maps[index].rows, self.tasks[task].rows
                    makes |= {(index, r) for r in range(done[task] * rows // all_rows, want[task] * rows // all_rows)}
                events.append((task, needed, comes, makes, want[task] > done[task]))
                done[task] = want[task]
        lows = []  # from the back: of every map the first row needed from an event on
        low: dict[int, int] = {}
        for _, needed, *_ in reversed(events):
            for index, row in needed:
                low[index] = min(low.get(index, row), row)
            lows.append(dict(low))
        lows.reverse()
        held: set[tuple[int, int]] = set()
        weights = peak = 0
        self.active = [sum(active for ran, *_, active in events if ran == task) for task in inside]
        stays = sum(one.held_bytes for one in group.weights)
        for (task, needed, comes, makes, active), front in zip(events, lows, strict=True):
            held = {(index, row) for index, row in held | comes if row >= front.get(index, self.maps[index].rows)}
            assert needed <= held | {(index, row) for index, row in needed if index in whole}
            now = {pair for pair in held | makes if pair[0] not in whole}
            peak = max(peak, always + stays + sum(self.maps[index].row_bytes for index, _ in now))
            held |= makes
            weight = group.weights[task - group.first]
            if active:
                weights += weight.n_bytes - weight.held_bytes
        weights += stays
        return weights, peak

    def tiles(self, group, always: int) -> tuple[int, int]:
        """A layer's loops, walked one after another; what rides on it reads its own maps as sums are finished."""
        assert group.end == group.first + 1
        first, *behind = [self.workload.steps[step] for step in self.tasks[group.first].steps]
        node, widths = first.nodes[0], self.workload.widths
        own = [self.number[self.workload.stored[ref]] for ref in node.inputs]
        output = self.tasks[group.first].writes[0]
        assert set(own) <= set(group.loaded) - set(group.kept)
        assert (output,) == group.stored
        assert output not in group.kept
        groups, shape = nest(node)
        product = node.layer.kind == "matmul"
        activations, weight = widths.activation(node), widths.activation(node) if product else widths.weight(node)
        held, moved = cost(
            shape, group.tiling.plan.loops, tuple(b // 8 for b in (activations, weight, activations, widths.accumulator(node)))
        )
        reads.cache_clear()
        moved *= groups
        if not product:
            moved += first.weight_bytes - groups * shape.m * shape.c * shape.r * shape.s * weight // 8
        moved += sum(step.weight_bytes for step in behind)
        for index in {self.number[ref] for step in behind for ref in step.reads if ref in self.number} & set(group.loaded):
            moved += self.maps[index].n_bytes
        return moved, always + held

    def channels(self, group, always: int) -> tuple[int, int]:
        """Hidden channels one after another, each row by row."""
        steps = [self.workload.steps[self.tasks[task].steps[0]].nodes[0] for task in range(group.first, group.end)]
        expand, depthwise, project = steps
        (_, c, _, _), (_, hidden, _, width) = expand.input_shapes[0], expand.output_shapes[0]
        _, m, rows, columns = project.output_shapes[0]
        sums = bytearray(rows * columns * m * self.workload.widths.accumulator(project) // 8)
        k = depthwise.layer.per_axis("kernel_size")
        peak = weights = 0
        for _ in range(hidden):
            taken = c + k[0] * k[1] + m
            weights += taken
            line: set[int] = set()
            for row in range(rows):
                line = {r for r in line | taps(depthwise, 0, row) if r >= min(taps(depthwise, 0, row))}
                peak = max(peak, always + len(sums) + len(line) * width + columns + taken)
        return weights, peak
