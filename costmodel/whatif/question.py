"""A network, or what builds one, on a machine: predicted again and again with some of its variables changed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from costmodel import readers, zoo
from costmodel._num import Num, total
from costmodel.api import as_hardware, as_network, predict
from costmodel.errors import FieldError, SymbolicError, UnknownNameError
from costmodel.hardware import Hardware
from costmodel.hardware.machine import SHORT
from costmodel.network import Network
from costmodel.network.rewrites import Sizes
from costmodel.prediction import Compulsory, Prediction, Resident, Tiled, Weights
from costmodel.whatif.conditions import Dimension, dimension_of
from costmodel.whatif.formula import METRICS, figure

Subject: TypeAlias = Network | str | Path | Callable[..., Network]
"""A network, a name in the zoo, a file, or a function; arguments of a builder, and sizes that a network leaves open, are variables too."""

FIGURES = (*METRICS, "macs_effective", "ddr_bytes_bound", "ddr_bytes_compulsory", "flash_bytes_moved", "sram_bytes_moved", "energy_j",
           "inferences_per_s", "inferences_per_s_overlapped", "peak_fraction")  # fmt: skip
"""What a condition may speak of, beside the machine's own figures."""

SYMBOLS = {"sram_bytes": "S", "ddr_bytes_per_s": "beta", "mac_flops_per_s": "pi", "other_ops_per_s": "omega", "flash_bytes": "F",
           "flash_bytes_per_s": "phi", "mac_j": "e_mac", "other_j": "e_other", "sram_j_per_byte": "e_sram",
           "ddr_j_per_byte": "e_ddr", "overhead_s": "o"}  # fmt: skip
"""What the machine's figures are called in formulas."""

WIDTHS = ("weight_bits", "activation_bits", "accumulator_bits")
"""Options of `predict` that are variables."""

_SWEPT = ("hardware.skips_zeros", "hardware.utilisation")
"""What of a machine varies in sweeps alone."""


class Variable(NamedTuple):
    """Something that a question may change."""

    name: str
    """"hardware.ddr_bytes_per_s", an argument of the builder, or a width in bits."""
    kind: str
    """"machine", "argument", "size" or "width"."""
    key: str
    """Its name where it belongs: a field of the machine, an argument, an open size, an option."""
    value: Num
    """What it is now; None where the machine or the network leaves it open."""
    unit: str
    step: Any = None
    """Of a size that need not be whole: what it is a multiple of, if anything."""

    @property
    def whole(self) -> bool:
        """Whether it counts something."""
        return self.kind != "machine" or self.key.endswith("_bytes")

    @property
    def lattice(self) -> list[Num] | None:
        """The values that an argument or a width may take; None where it is a count without a lattice."""
        if self.kind == "width":
            return [1, 2, 4, 8, 16, 32]
        if self.kind == "size":
            return None if self.step is None else [float(i * self.step) for i in range(1, math.ceil(2 * (self.value or 1) / self.step) + 1)]
        if isinstance(self.value, float) or self.key == "width_multiplier":
            return [i / 32 for i in range(1, math.ceil(64 * self.value) + 1)]
        if self.key == "resolution":
            step = math.gcd(self.value, 32)
            return list(range(step, 2 * self.value + 1, step))
        return None


class Question:
    """What is asked about: predictions of one subject on one machine under the same options.

    Parameters
    ----------
    network : Network, str, Path or callable
        A network or a file; the name of one in the zoo, or any function that returns a network, has variables of its own: its
        arguments that have a number as default.
    hardware : Hardware, str or Path
    options : mapping
        Of `predict`.
    names : iterable of str
        What is asked for: sizes of these names may be open.
    fixed : mapping
        Variables that are changed beforehand.
    """

    def __init__(
        self, network: Subject, hardware: Hardware | str | Path, options: Mapping[str, Any], names: Iterable[Any] = (),
        fixed: Mapping[str, Num] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.hardware = as_hardware(hardware)
        self.options = dict(options)
        self.names = tuple(names)
        self.fixed = dict(fixed)
        self.make: Callable[..., Network] | None = None
        if isinstance(network, str) and not readers.is_file_name(network):
            self.make = zoo.builder(network)
        elif callable(network) and not isinstance(network, Network):
            self.make = network
        self._read = None if self.make else as_network(network)  # type: ignore[arg-type]
        self._predictions: dict[Any, Prediction] = {}
        for name in self.fixed:
            if name not in (known := {**self.arguments, **self.sizes}) and name not in WIDTHS:
                raise UnknownNameError.of("size", name, known)
        if self.hardware.arrays or self.hardware.symbols:
            raise FieldError(f"`hardware` {self.hardware.name!r} must have plain figures; what varies is asked for by name")

    def fixing(self, name: str, value: Num) -> Question:
        """The same with one more variable fixed."""
        machine, _, field = name.rpartition(".")
        at_machine = machine == "hardware"
        hardware = self.hardware.replace(**{field: value}) if at_machine else self.hardware
        subject: Any = self.make or self._read
        return Question(subject, hardware, self.options, self.names, self.fixed if at_machine else self.fixed | {name: value})

    def opening(self, name: str) -> Question:
        """The same with a size open that is fixed."""
        subject: Any = self.make or self._read
        return Question(subject, self.hardware, self.options, (*self.names, name), {k: v for k, v in self.fixed.items() if k != name})

    @cached_property
    def arguments(self) -> dict[str, Num]:
        """Arguments of the builder that are numbers: what is fixed, else their defaults."""
        if self.make is None:
            return {}
        known = {name: self.fixed.get(name, p.default) for name, p in inspect.signature(self.make).parameters.items()}
        return {name: value for name, value in known.items() if isinstance(value, int | float) and not isinstance(value, bool)}

    @cached_property
    def base(self) -> Prediction:
        """The prediction with nothing changed."""
        found = self.predict()
        steps = {symbol.name: getattr(symbol, "multiple_of", None) or 1 for symbol in found.symbols}
        if left := sorted(steps.keys() - (self.sizes.keys() & set(self.names))):
            raise SymbolicError(
                f"questions need plain numbers; network {found.network.name!r} holds symbols ({', '.join(left)}): give them values; "
                f"cm.rewrites.Sizes({{{left[0]!r}: {steps[left[0]]}}}) does, and `sizes` where a function takes it"
            )
        return found

    @cached_property
    def sizes(self) -> dict[str, Any]:
        """Sizes that the network leaves open, by name."""
        return {} if self._read is None else {symbol.name: symbol for symbol in sorted(self._read.symbols, key=str)}

    @property
    def variables(self) -> dict[str, Variable]:
        """Every variable by its name."""
        unit = {"sram_bytes": "B", "flash_bytes": "B", "burst_bytes": "B", "ddr_bytes_per_s": "B/s", "flash_bytes_per_s": "B/s",
                "mac_flops_per_s": "FLOPS", "other_ops_per_s": "OP/s", "overhead_s": "s", "mac_j": "J", "other_j": "J"}  # fmt: skip
        found = []
        for field in SHORT.values():
            if (value := self._machine(field)) is not None:
                found.append(Variable(f"hardware.{field}", "machine", field, value, unit.get(field, "J/B")))
        found += [Variable(name, "argument", name, value, "") for name, value in self.arguments.items()]
        for name, symbol in self.sizes.items():
            step = None if symbol.is_integer else getattr(symbol, "multiple_of", None)
            found.append(Variable(name, "size", name, self.fixed.get(name), "", step))
        taken = {variable.name for variable in found}
        found += [Variable(name, "width", name, self.base.assumptions[name], "") for name in WIDTHS if name not in taken]
        return {variable.name: variable for variable in found}

    def _machine(self, field: str) -> Num:
        """A figure of the machine; an energy that it leaves out is the table's."""
        own = getattr(self.hardware, field)
        if own is None and field in self.base.energies._fields and not self.hardware.weights_in_flash:
            return getattr(self.base.energies, field)
        return own

    def variable(self, name: str) -> Variable:
        """The variable of that name; `hardware.ddr` may be short, as in `Hardware`."""
        if not isinstance(name, str):
            raise FieldError(f"a variable is a name such as 'hardware.ddr', got {type(name).__name__}")
        room, dot, key = name.partition(".")
        known = self.variables
        name = f"hardware.{SHORT.get(key, key)}" if dot and room == "hardware" else name
        if room == "rewrite" or name.startswith(_SWEPT):
            raise FieldError(f"`{name}` is no number that can be solved for or differentiated; `cm.sweep` takes it as an axis")
        if name not in known:
            raise UnknownNameError.of("variable", name, known)
        return known[name]

    def predict(self, changes: Mapping[str, Num] | None = None) -> Prediction:
        """The prediction with some variables changed, by their full names; numbers are kept, so asking twice costs nothing."""
        changes = self.fixed | dict(changes or {})
        machine = {name.partition(".")[2]: changes.pop(name) for name in list(changes) if name.startswith("hardware.")}
        key = tuple(sorted(changes.items()))
        if key not in self._predictions:
            widths = {name: changes[name] for name in changes if name in WIDTHS and name not in {**self.arguments, **self.sizes}}
            network = self._network({name: value for name, value in changes.items() if name not in widths})
            self._predictions[key] = predict(network, self.hardware, **self.options | widths)
        found = self._predictions[key]
        return found.on(self.hardware.replace(**machine)) if machine else found

    def _network(self, arguments: Mapping[str, Num]) -> Network:
        if self._read is not None:
            return self._read.rewrite(Sizes(arguments)) if arguments else self._read
        network = self.make(**arguments)  # type: ignore[misc]
        if not isinstance(network, Network):
            raise FieldError(f"`network` must return a Network, got {type(network).__name__}")
        return network

    @property
    def known(self) -> dict[str, Dimension]:
        """The names that a condition may hold."""
        figures = {name: dimension_of(name) for name in (*FIGURES, *(f"hardware.{field}" for field in SHORT.values()))}
        return dict.fromkeys((*self.arguments, *self.sizes), ()) | figures

    def figures(self, changes: Mapping[str, Num], names: Iterable[str]) -> dict[str, Num]:
        """What the names of a condition stand for, with some variables changed."""
        return self.figures_of(self.predict(changes), names, changes)

    def figures_of(self, prediction: Prediction, names: Iterable[str], changes: Mapping[str, Num] = MappingProxyType({})) -> dict[str, Num]:
        """The same of a prediction that is there: its totals, its machine, and the arguments and sizes that it was made with."""
        own = {name: value for name, value in (self.arguments | self.fixed | dict(changes)).items() if name not in FIGURES}
        return {name: own[name] if name in own and "." not in name else read(prediction, name) for name in names}


def read(prediction: Prediction, name: str) -> Num:
    """One figure by its name."""
    if name.startswith("hardware."):
        found = getattr(prediction.hardware, name.partition(".")[2])
    elif name == "ddr_bytes_compulsory":
        found = total(step.all_bytes for step in Compulsory().steps(prediction.workload, prediction.hardware.sram_bytes))
    elif name in FIGURES:
        found = figure(prediction.total, name)
    else:
        raise UnknownNameError.of("figure", name, FIGURES)
    if found is None:
        raise FieldError(
            f"`{name}` has no value for {prediction.network.name!r} on {prediction.hardware.name!r}, traffic {prediction.policy}"
        )
    return found


def unit_of(name: str) -> str:
    """The unit of a figure, as tables write it."""
    return {(("B", 1),): "B", (("s", 1),): "s", (("J", 1),): "J", (("s", -1),): "1/s", (("B", 1), ("s", -1)): "B/s"}.get(
        dimension_of(name), ""
    )


def knees(prediction: Prediction) -> list[int] | None:
    """Every capacity of the SRAM at which figures may step, rising; the first is the least that will do. None where they are not known.

    Between two of them nothing depends on the SRAM but what speaks of it by name.
    """
    policy, workload = prediction.policy, prediction.workload
    if prediction.weight_prefetch or prediction.symbols:
        return None  # what comes early fills whatever is free; sizes that are open say nothing
    if isinstance(policy, Weights | Compulsory):
        return [1]
    if isinstance(policy, Resident):
        weights = [step.weight_bytes for step in workload.steps] if policy.steady_state else []
        beside = [int(peak) for peak in accumulate(weights, initial=workload.peak_live_bytes)]
        return sorted({1, *beside, *(int(crowd) for crowd in workload.crowd_bytes.values())})
    if isinstance(policy, Tiled) and prediction.hardware.burst_bytes is None:
        from costmodel.prediction.tiled.policy import capacities_of_steps, least_capacity

        least = least_capacity(workload)
        capacities = {int(capacity) for capacity in capacities_of_steps(workload)}
        return sorted({least, *(c for held in capacities for c in (held, 2 * held) if c > least)})  # a double buffer has half of it
    return None
