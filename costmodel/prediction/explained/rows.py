"""The figures of one row: from the counts of its layers to bytes, times and energy."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy as sp

from costmodel import quantities
from costmodel._num import Num, bytes_of, is_symbolic, ratio, total
from costmodel.formulas._registry import Call, recorded
from costmodel.formulas.operations import OTHER_OPS
from costmodel.layers.base import elements
from costmodel.network import TensorRef
from costmodel.prediction.explained.counted import ROLES, Counted, counted
from costmodel.prediction.explained.derivation import Derivation, Explanation, Symbols
from costmodel.prediction.traffic import Resident
from costmodel.prediction.views import notes

if TYPE_CHECKING:
    from costmodel.prediction.derived import Derived
    from costmodel.prediction.prediction import Prediction
    from costmodel.prediction.rows import Row


def of_row(prediction: Prediction, row: Row) -> Explanation:
    """How the figures of a row came about."""
    place = prediction.rows.index(row)
    kinds = " + ".join((row.kind, *row.epilogues))
    title = f"{row.name} ({kinds}), step {place + 1} of {len(prediction)} of {prediction.network.name} on {prediction.hardware.name}"
    symbols = Symbols()
    found = [counted(node, symbols) for node in row.step.nodes]
    derivations = [
        _count("macs", "MAC", row.macs, [(c.counts.macs, c) for c in found], symbols),
        _other_ops(prediction, row, found, symbols),
        *(_count(role, "", getattr(row.counts, role), [(getattr(c.counts, role), c) for c in found], symbols) for role in ROLES),
        _weight_bytes(prediction, row),
        _map_bytes(prediction, "input_bytes", row.input_bytes, row.step.reads),
        _map_bytes(prediction, "output_bytes", row.output_bytes, row.step.writes),
        live_bytes(prediction, place, "live_bytes"),
        _bus_bytes(prediction, row, place),
        *timed(row, overlapped=True),
    ]
    return Explanation(title, derivations, notes(prediction))


def _count(figure: str, unit: str, result: Num, parts: list[tuple[Num, Counted]], symbols: Symbols) -> Derivation:
    """A count of the layers of a row, each with its own formula."""
    present = [(expression, made) for expression, made in parts if is_symbolic(expression) or expression != 0]
    sources, math = [], ""
    for _, made in present:
        if made.stored and figure in ROLES:
            sources.append("what the model file stores")
            continue
        formulas = made.formulas(result)
        sources += [f"{formula.name}: {formula.references}" for formula in formulas] or [made.said]
        math = formulas[0].math if len(formulas) == 1 and len(present) == 1 else math
    expression = total([expression for expression, _ in present])
    return Derivation(figure, unit, expression, symbols.values, result, tuple(dict.fromkeys(sources)), math)


def _other_ops(prediction: Prediction, row: Row, found: list[Counted], symbols: Symbols) -> Derivation:
    terms, remarks, sources = [], [], []
    for made in found:
        for step, number in made.counts.other:
            cost = prediction.replaced_ops.get(step, OTHER_OPS[step].ops)
            terms.append(symbols(f"{step}_ops", cost) * number)
            remarks.append(f"{step}_ops: {cost} for each {OTHER_OPS[step].per}")
            sources.append("replaced by `other_ops`" if step in prediction.replaced_ops else f"{step}: {OTHER_OPS[step].source}")
    unique = tuple(dict.fromkeys(remarks)), tuple(dict.fromkeys(sources))
    return Derivation("other_ops", "", total(terms), symbols.values, row.other_ops, unique[1], remarks=unique[0])


def _weight_bytes(prediction: Prediction, row: Row) -> Derivation:
    symbols, widths = Symbols(), prediction.widths
    parameters = prediction.network.node_parameters(widths.parameters)
    terms, remarks = [], []
    for node in row.step.nodes:
        number = parameters[node.name]
        if not is_symbolic(number) and number == 0:
            continue
        if node.storage is None:
            terms.append(bytes_of(symbols(widths.parameters, number), symbols("weight_bits", widths.weight(node))))
        else:
            terms.append(symbols(f"stored({node.name})", widths.stored_bytes(node, prediction.network.counts[node.name], number)))
            remarks.append(f"{node.name} stores {number} parameters with {node.storage}")
    return Derivation("weight_bytes", "B", total(terms), symbols.values, row.weight_bytes, (_PACKED,), remarks=tuple(remarks))


_PACKED = "values of so many bits, packed into bytes"


def _map_bytes(prediction: Prediction, figure: str, result: Num, refs: tuple[TensorRef, ...]) -> Derivation:
    symbols, network = Symbols(), prediction.network
    terms = []
    for ref in refs:
        bits = symbols("activation_bits", prediction.widths.activation(network.nodes[ref.node]))
        terms.append(bytes_of(symbols(f"elements({ref})", elements(network.shape(ref))), bits))
    shapes = [f"{ref}: {' x '.join(map(str, network.shape(ref)))}" for ref in refs]
    return Derivation(figure, "B", total(terms), symbols.values, result, (_PACKED,), remarks=tuple(shapes))


def live_bytes(prediction: Prediction, place: int, figure: str) -> Derivation:
    """The feature maps that are held at a step."""
    symbols, workload = Symbols(), prediction.workload
    held = [fmap for fmap in workload.maps.values() if place in fmap.steps_held]
    expression = total([symbols(str(fmap.ref), fmap.n_bytes) for fmap in held])
    source = "maps written by then and still to be read, inputs and outputs of the step included; weights are streamed"
    fits = quantities.show(prediction.hardware.sram_bytes, "B")
    return Derivation(figure, "B", expression, symbols.values, workload.live_bytes[place], (source,), remarks=(f"SRAM: {fits}",))


def _bus_bytes(prediction: Prediction, row: Row, place: int) -> Derivation:
    traffic, symbols, flash = prediction.traffic[place], Symbols(), prediction.hardware.weights_in_flash
    parts = {"weights": traffic.weight_bytes} | ({} if flash else {"maps_read": traffic.read_bytes, "maps_written": traffic.write_bytes})
    expression = total([symbols(name, value) for name, value in parts.items()])
    policy = (inspect.getdoc(prediction.policy) or "").partition("\n")[0]
    source = "weights stream from flash; maps stay in SRAM" if flash else f"traffic {prediction.policy}: {policy}"
    remarks = [traffic.plan.sentence] if hasattr(traffic.plan, "sentence") else []
    if isinstance(prediction.policy, Resident) and not flash:
        remarks += [_stay(prediction, ref) for ref in dict.fromkeys((*row.step.reads, *row.step.writes))]
    figure = "flash_bytes_moved" if flash else "ddr_bytes"
    return Derivation(figure, "B", expression, symbols.values, row.bus_bytes, (source,), remarks=tuple(remarks))


def _stay(prediction: Prediction, ref: TensorRef) -> str:
    """Whether a map stays on chip, and why."""
    workload, fmap = prediction.workload, prediction.workload.maps[ref]
    n_bytes, crowd, sram = (quantities.show(value, "B") for value in (
        fmap.n_bytes, workload.crowd_bytes[ref], prediction.hardware.sram_bytes))  # fmt: skip
    ends = " comes in over the bus;" if fmap.producer < 0 else " goes out over the bus;" if fmap.is_output else ""
    fits = workload.crowd_bytes[ref] <= prediction.hardware.sram_bytes if isinstance(workload.crowd_bytes[ref], int) else None
    said = {True: "fits", False: "exceeds", None: "is to be compared with"}[fits if isinstance(fits, bool) else None]
    return f"map {ref} ({n_bytes}):{ends} while it is held at most {crowd} are live, which {said} the SRAM of {sram}"


def timed(work: Derived, *, overlapped: bool) -> list[Derivation]:
    """Times, energy and what binds: the formulas themselves are asked which values they were given."""
    for name in ("bus_bytes", "occupied_bytes", "macs", "other_ops", "sram_bytes_moved"):
        getattr(work, name)  # what the times rest on, so that its formulas are not among theirs
    _ = work._prediction.energies
    (times, energy_j), calls = recorded(lambda: (work.times, work.energy_j))
    serial_s, further = recorded(lambda: times.serial_s)
    beside = {"overhead_time_s": times.overhead_s} if _present(times.overhead_s) else {}
    bursts = ("n_bytes: what is shorter than a burst takes a burst",) if work.occupied_bytes is not work.bus_bytes else ()
    figures: dict[str, tuple[str, Num, str, Any]] = {
        "time.occupied_macs": ("occupied_macs", work.occupied_macs, "MAC", {}),
        "time.transfer": ("ddr_time_s", times.bus_s, "s", {"remarks": bursts}),
        "time.mac": ("mac_time_s", times.mac_s, "s", {}),
        "time.other": ("other_time_s", times.other_s, "s", {}),
        "time.serial": ("time_serial_s", serial_s, "s", {"beside": beside}),
        "energy.energy": ("energy_j", energy_j, "J", {"remarks": (f"energies: {work._prediction.energies.said}",)}),
    }
    made = {call.formula.name: call for call in (*further, *calls) if call.formula.name != "time.mac" or call.result is times.mac_s}
    found = [_called(made[name], figure, *said[:2], **said[2]) for name, (figure, *said) in figures.items() if name in made]
    if beside:
        found.insert(-2, _overhead(work, times.overhead_s))
    if overlapped:
        found.insert(-1, _overlapped(work, beside))
    symbols = Symbols()
    peak_s = times.mac_s if times.peak_s is None else times.peak_s
    share = ratio(symbols("mac_time_s", peak_s), symbols("time_serial_s", serial_s)) if _present(serial_s) else 0
    source = "share of the MAC rate in the serial time"
    found.append(Derivation("peak_fraction", "%", share, symbols.values, times.peak_fraction, (source,)))
    found.append(_binds(work, times))
    return found


def _overhead(work: Derived, result: Num) -> Derivation:
    symbols = Symbols()
    expression = symbols("steps", work._steps) * symbols("overhead_s", work._prediction.hardware.overhead_s)
    return Derivation("overhead_time_s", "s", expression, symbols.values, result, ("what the machine takes for every step",))


def _overlapped(work: Any, beside: dict[str, Num]) -> Derivation:
    """The overlapped time of a row: a roofline, or the double-buffered pipeline of its tiles."""
    result = work.time_overlapped_s
    if work._prediction.weight_prefetch:
        return Derivation("time_overlapped_s", "s", result, {}, result, ("as without prefetch, but for weights that came before",))
    times = work.overlapped_times
    _, calls = recorded(lambda: times.overlapped_s)
    return _called(calls[-1], "time_overlapped_s", result, beside=beside)


def _present(value: Num) -> bool:
    return not isinstance(value, int | float) or value != 0


_NOTHING: Mapping[str, Num] = MappingProxyType({})


def _called(
    call: Call, figure: str, result: Num, unit: str = "s", *, remarks: tuple[str, ...] = (), beside: Mapping[str, Num] = _NOTHING
) -> Derivation:
    """A registered formula with the arguments that it was given, and what is added to it."""
    symbols = Symbols()
    expression = call.formula.function(**{name: symbols(name, value) for name, value in call.arguments.items()})
    expression = total([expression, *(symbols(name, value) for name, value in beside.items())])
    source = f"{call.formula.name}: {call.formula.references}"
    return Derivation(figure, unit, expression, symbols.values, result, (source,), "" if beside else call.formula.math, remarks)


def _binds(work: Derived, times: Any) -> Derivation:
    bound = times.bound_by
    word = bound if isinstance(bound, str) else sp.Symbol("see_the_times")
    remark = f"the bus takes {_s(times.bus_s)}, MACs {_s(times.mac_s)} and other operations {_s(times.other_s)}, which share the core"
    rule = "the bus where it takes at least as long as the core, else the larger of MACs and other operations"
    return Derivation("bound_by", "", word, {}, bound, (rule,), remarks=(remark,))


def _s(value: Num) -> str:
    return quantities.show(value, "s")
