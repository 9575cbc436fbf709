"""The 160 printed figures: each status is what rounding or truncation of the computed figure says."""

from decimal import Decimal
from fractions import Fraction

import pytest

from costmodel.published.claimed import _rows, _status, claims
from costmodel.published.conventions import CONVENTIONS

CLAIMS = claims()
MISSES = ("typo", "other convention", "other network", "unexplained")


def test_all_are_there() -> None:
    assert len(CLAIMS) == 160
    assert {claim.status for claim in CLAIMS} == {"reached", "reached-by-truncation", "not-reached"}, "none is pending"


def test_reached_means_reached() -> None:
    """A reached figure is at most half a printed digit away, whatever the status says."""
    for claim, row in zip(CLAIMS, _rows(), strict=True):
        if claim.status == "reached":
            assert abs(claim.computed - claim.published) <= 0.5 * 10 ** -int(row["decimals"]) * (1 + 1e-9), claim
        if claim.computed is not None:
            assert claim.relative_difference == pytest.approx(claim.computed / claim.published - 1)


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.status == "not-reached"], ids=lambda c: f"{c.network}-{c.variant}-{c.metric}")
def test_every_miss_is_explained(claim) -> None:
    assert claim.explanation.startswith(MISSES), claim


def test_nothing_reached_carries_an_explanation() -> None:
    assert all(not claim.explanation for claim in CLAIMS if claim.status.startswith("reached"))


@pytest.mark.parametrize(
    ("published", "computed", "decimals", "status"),
    [
        ("569", "568.740352", 0, "reached"),
        ("300", "300.774272", 0, "reached-by-truncation"),
        ("290", "290.6752", 0, "reached-by-truncation"),
        ("575", "568.740352", 0, "not-reached"),
        ("1700", "1722.7", -2, "reached"),
        ("60", "60.965224", 0, "reached-by-truncation"),
        ("22.855952", "22.855952", 6, "reached"),
    ],
)
def test_statuses(published: str, computed: str, decimals: int, status: str) -> None:
    assert _status(Decimal(published), Fraction(computed), decimals) == status


def test_conventions_say_what_they_count() -> None:
    assert all(len(convention.words) > 10 for convention in CONVENTIONS.values())
