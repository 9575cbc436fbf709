"""Figures that papers print, each computed by the convention that reaches it, or its miss explained."""

from __future__ import annotations

import csv
import json
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from importlib import import_module, resources
from typing import Any, NamedTuple

from costmodel import zoo
from costmodel.network import Network
from costmodel.published.conventions import convention
from costmodel.whatif.formula import convolution

UNITS: dict[str, Fraction | int] = {
    "": 1,
    "x": 1,
    "%": Fraction(1, 100),
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "B": 10**9,
    "GFLOP": 10**9,
    "MB": 10**6,
    "MiB": 2**20,
}
"""What one of a printed unit is worth; B is a billion, as the papers write it."""
PROCEDURES = ("han_2015", "li_2016")
"""Cases that are more than a network of the zoo: modules beside this one, whose `computed(figure, **arguments)` gives a claim's figure
and its convention in words; `figure` is what stands in the column `convention`."""


class Claim(NamedTuple):
    """A printed figure, and what becomes of it."""

    network: str
    variant: str
    metric: str
    published: float
    unit: str
    computed: float | None
    """In the printed unit; None where it is pending."""
    relative_difference: float | None
    status: str
    """reached, reached-by-truncation, not-reached or pending."""
    convention: str
    """How it is counted."""
    source: str
    explanation: str
    """Why it is missed: a typo, another convention, another network, or unexplained."""


def claims() -> list[Claim]:
    """Every claim, computed.

    Examples
    --------
    >>> found = claims()
    >>> len(found), found[8].published, round(found[8].computed, 2), found[8].status
    (160, 569.0, 568.74, 'reached')
    """
    return [_judged(row) for row in _rows()]


@lru_cache
def _rows() -> tuple[dict[str, str], ...]:
    text = (resources.files("costmodel.published") / "data" / "claims.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _judged(row: dict[str, str]) -> Claim:
    published, worth = Decimal(row["published"]), UNITS[row["unit"]]
    computed: float | None = None
    words = ""
    status = "pending"
    explanation = row["explanation"]
    if row["case"] and row["case"] not in (*zoo.NETWORKS, *PROCEDURES, "layer", "column"):
        explanation = "pending: the zoo has no such network yet"
    elif row["case"]:
        value, words = _computed(row["case"], row["arguments"], row["convention"])
        exact = Fraction(value) / Fraction(worth)
        computed = float(exact)
        status = _status(published, exact, int(row["decimals"]))
    missed = status in ("not-reached", "pending")
    return Claim(
        row["network"], row["variant"], row["metric"], float(published), row["unit"], computed,
        None if computed is None else computed / float(published) - 1, status, words,
        row["source"], explanation if missed else "",
    )  # fmt: skip


def _status(published: Decimal, computed: Fraction, decimals: int) -> str:
    """Whether rounding, or truncation alone, gives the printed digits."""
    last_digit = Decimal(1).scaleb(-decimals)
    exact = Decimal(computed.numerator) / Decimal(computed.denominator)
    for rounding, status in ((ROUND_HALF_UP, "reached"), (ROUND_DOWN, "reached-by-truncation")):
        if (exact / last_digit).quantize(Decimal(1), rounding) * last_digit == published:
            return status
    return "not-reached"


@lru_cache(maxsize=512)
def _computed(case: str, arguments: str, name: str) -> tuple[Any, str]:
    """The figure of a case, and its convention in words."""
    given = json.loads(arguments) if arguments else {}
    if case in PROCEDURES:
        figure: tuple[Any, str] = import_module(f"costmodel.published.{case}").computed(name, **given)
        return figure
    if case == "column":
        return sum(Fraction(str(v)) for v in given["values"]), "the printed column, summed"
    if name == "row_macs":
        return zoo.build(case).counts[given["row"]].macs, "MACs of this layer"
    if name == "macs_scaled_from_224":
        full = zoo.build(case, **{k: v for k, v in given.items() if k != "resolution"})
        return full.macs * Fraction(given["resolution"], 224) ** 2, "MACs at 224, classifier included, times rho^2"
    network: Network = convolution(**given) if case == "layer" else zoo.build(case, **given)
    found = convention(name)
    return found.count(network), found.words
