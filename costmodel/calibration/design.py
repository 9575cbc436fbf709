"""Measured work as the columns of a linear model of time, its robust solution, and what can't be told from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel.calibration.measurements import Measurement
from costmodel.errors import FieldError, MissingExtraError
from costmodel.hardware import Hardware, Provenance
from costmodel.layers.conv import VARIETIES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

TOLERANCE = 0.15
"""Relative errors above this count in proportion, below it by their square."""
ROUNDS, ROUNDS_AGAIN = 40, 8
"""How often weights are found anew: from nothing, and from a solution nearby."""
COLLINEAR = 0.99
"""The share of a column that others explain from which on its figure can't be told from theirs."""
_LEAST = 0.01
"""A prediction below this share of what was measured is no more wrong for it."""
_SCALES = {"overhead": 1e-6, "bytes": 1e-10, "macs": 1e-11, "ops": 1e-10}
"""Seconds that a coefficient of 1 stands for: they keep the numbers near one."""
_FREE = 1e4
"""A figure that takes no time is so many times as quick as what was measured."""


class Design(NamedTuple):
    """Work by column, one row a measurement."""

    columns: tuple[str, ...]
    """"overhead", "bytes", "macs.pointwise", ..., "ops", "ops.elu", ..."""
    scales: tuple[float, ...]
    work: Array
    times: Array

    @classmethod
    def of(cls, rows: Sequence[Measurement], slow: tuple[str, ...]) -> Design:
        """The design of some measurements; kinds in `slow` have a column of their own where they were measured."""
        import numpy as np

        if len(rows) < 2:
            raise FieldError(f"a machine is fitted to at least two whole networks, got {len(rows)}")
        kinds = sorted({kind for row in rows for kind in row.work})
        dear = [kind for kind in slow if any(row.other_work.get(kind) for row in rows)]
        columns = ("overhead", "bytes", *(f"macs.{kind}" for kind in kinds), "ops", *(f"ops.{kind}" for kind in dear))
        scales = tuple(_SCALES[column.partition(".")[0]] for column in columns)
        work = []
        for row in rows:
            macs, ops = row.work, row.other_work
            plain = row.other_ops - sum(ops.get(kind, 0) for kind in dear)
            work.append([row.steps, row.moved_bytes, *(macs.get(k, 0) for k in kinds), plain, *(ops.get(k, 0) for k in dear)])
        return cls(columns, scales, np.array(work, float) * scales, np.array([row.minimum_s for row in rows]))

    def __len__(self) -> int:
        return len(self.times)

    def solved(self, rows: npt.NDArray[np.intp], start: Array | None = None) -> Array:
        """The coefficients that fit some of the rows best.

        Slow kinds take at least as long as plain operations. MACs of a kind that would take no time, because its bytes explain it or
        because none were measured, take as long as those of the quickest kind.
        """
        return self._solved(rows, start)[0]

    def _solved(self, rows: npt.NDArray[np.intp], start: Array | None = None) -> tuple[Array, dict[int, int]]:
        """As `solved`, with the columns that others lend their figure."""
        joined, times = self.work[rows], self.times[rows]
        plain = self.columns.index("ops")
        macs = [i for i, column in enumerate(self.columns) if column.startswith("macs.")]
        joined[:, plain] = joined[:, plain:].sum(axis=1)
        tied: dict[int, int] = {}
        while True:
            found = _robust(joined, times, None if start is None else self._increments(start, tied))
            free = [i for i in macs if i not in tied and found[i] == 0]
            bound = [i for i in macs if found[i] > 0]
            if not free or not bound:
                break
            quickest = min(bound, key=lambda i: found[i])
            for i in free:
                tied |= {i: quickest} | {k: quickest for k, target in tied.items() if target == i}
                joined[:, quickest] += joined[:, i]
                joined[:, i] = 0
        for i, target in tied.items():
            found[i] = found[target]
        found[plain + 1 :] += found[plain]
        return found, tied

    def _increments(self, coefficients: Array, tied: dict[int, int]) -> Array:
        """Coefficients as the solver sees them."""
        seen = coefficients.copy()
        plain = self.columns.index("ops")
        seen[plain + 1 :] -= seen[plain]
        seen[list(tied)] = 0
        return seen

    def warnings(self, found: Array) -> Iterator[str]:
        """Which figures the rows can't tell."""
        import numpy as np

        weighted = self.work / self.times[:, None]
        _, tied = self._solved(np.arange(len(self)))
        for i, column in enumerate(self.columns):
            said = f"{column}: {self._one(i)}"
            if not weighted[:, i].any():
                yield f"{said} was not measured"
                continue
            if found[i] == 0:
                yield f"{said} takes no time: other figures explain it all"
            elif i in tied:
                yield f"{said} is given the rate of {self.columns[tied[i]]}, the quickest: the bytes explain its time"
            others = np.delete(weighted, i, axis=1)
            rest, *_ = np.linalg.lstsq(others, weighted[:, i], rcond=None)
            left = weighted[:, i] - others @ rest
            if 1 - (left @ left) / (weighted[:, i] @ weighted[:, i]) > COLLINEAR:
                scale = np.abs(rest) * np.linalg.norm(others, axis=0)
                names = np.delete(np.array(self.columns), i)[np.argsort(-scale)][:2]
                yield f"{said} can't be told from {' and '.join(names)}: they grow together in what was measured"
        missing = [kind for kind in VARIETIES if f"macs.{kind}" not in self.columns]
        if missing:
            yield f"not measured: convolutions that are {', '.join(missing)}; they are taken to reach the rate of the quickest kind"

    def _one(self, column: int) -> str:
        name, _, kind = self.columns[column].partition(".")
        words = {"overhead": "a step", "bytes": "a byte", "macs": f"a MAC ({kind})", "ops": f"an operation ({kind or 'plain'})"}
        return words[name]

    def hardware(self, found: Array, name: str, sram: Any, source: str, title: str) -> Hardware:
        """The machine with these figures."""
        seconds = {column: float(c * s) for column, c, s in zip(self.columns, found, self.scales, strict=True)}
        macs = {column.removeprefix("macs."): s for column, s in seconds.items() if column.startswith("macs.")}
        peak = min((s for s in macs.values() if s > 0), default=0.0)
        rates = {
            "mac_flops_per_s": 2 / (peak or self._least("macs")), "other_ops_per_s": 1 / (seconds["ops"] or self._least("ops")),
            "ddr_bytes_per_s": 1 / (seconds["bytes"] or self._least("bytes")),
        }  # fmt: skip
        shares = {kind: peak / s for kind, s in macs.items() if s > peak}
        plain = 1 / rates["other_ops_per_s"]
        shares |= {c.removeprefix("ops."): plain / s for c, s in seconds.items() if c.startswith("ops.") and s > plain}
        guessed = {"mac_flops_per_s": not peak, "other_ops_per_s": not seconds["ops"], "ddr_bytes_per_s": not seconds["bytes"]}
        fitted = {key: Provenance("takes no time in what was measured" if guess else source, guess) for key, guess in guessed.items()}
        fitted |= {f"utilisation.{kind}": Provenance(source) for kind in shares} | {"overhead_s": Provenance(source)}
        fitted["sram_bytes"] = Provenance("not fitted: under traffic compulsory no time depends on it", True)
        if not seconds["overhead"]:
            del fitted["overhead_s"]
        return Hardware(
            name=name, title=title, sram=sram, **rates, overhead_s=seconds["overhead"] or 0, utilisation=shares, provenance=fitted
        )  # fmt: skip

    def _least(self, column: str) -> float:
        """Seconds a unit that nobody would notice in the rows."""
        import numpy as np

        there = [i for i, name in enumerate(self.columns) if name.partition(".")[0] == column]
        work = self.work[:, there].sum(axis=1) / _SCALES[column]
        busy = work > 0
        return float(np.min(self.times[busy] / work[busy]) / _FREE) if busy.any() else _SCALES[column] / _FREE


def _robust(work: Array, times: Array, start: Array | None = None) -> Array:
    """Non-negative coefficients of least errors, by Huber's loss; half the time is as wrong as twice the time."""
    try:
        from scipy.optimize import nnls
    except ImportError:
        raise MissingExtraError.of("scipy", "measure", "fitting a machine") from None
    import numpy as np

    found = start
    for _ in range(ROUNDS if start is None else ROUNDS_AGAIN):
        scale = times if found is None else np.sqrt(times * np.maximum(work @ found, times * _LEAST))
        errors = np.zeros(len(times)) if found is None else (work @ found - times) / scale
        weights = np.minimum(1, TOLERANCE / np.maximum(np.abs(errors), 1e-12)) ** 0.5 / scale
        basis, triangle = np.linalg.qr(work * weights[:, None])
        before, (found, _) = found, nnls(triangle, basis.T @ (times * weights))
        if before is not None and np.allclose(before, found, rtol=1e-6, atol=0):
            break
    assert found is not None
    return found
