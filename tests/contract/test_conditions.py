"""Conditions as texts: what they mean, and what is refused."""

import pytest

from costmodel.errors import CostModelError, FieldError, QuantityError, UnknownNameError
from costmodel.whatif.conditions import conditions, dimension_of

FIGURES = {
    "time_serial_s": 0.004, "energy_j": 0.002, "ddr_bytes": 1_040_000, "ddr_bytes_bound": 1_000_000, "peak_live_bytes": 2**20, "macs": 5,
    "weight_bytes": 3, "inferences_per_s": 250, "hardware.sram_bytes": 2**20, "hardware.flash_bytes": 2, "hardware.ddr_bytes_per_s": 10**9,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("time_serial_s <= 4 ms", True),
        ("time_serial_s < 4 ms", False),
        ("time_serial_s <= 0.004", True),  # a bare number is in the unit that the name ends in
        ("4 ms >= time_serial_s", True),
        ("peak_live_bytes <= 1 MiB", True),
        ("peak_live_bytes <= 1 MB", False),
        ("macs > 4", True),
        ("macs <= 0.000005 M", True),
        ("(macs + 1) * 2 <= 12", True),
        ("macs - 1 - 1 >= 4", False),  # from the left: (5 - 1) - 1
        ("macs / 2 / 5 <= 0.5", True),
        ("energy_j * time_serial_s <= 8e-6", True),
        ("ddr_bytes / time_serial_s >= 260 MB/s", True),  # 1.04 MB in 4 ms
        ("ddr_bytes <= 1.04 * ddr_bytes_bound", True),
        ("ddr_bytes within 5 % of ddr_bytes_bound", True),
        ("ddr_bytes within 3 % of ddr_bytes_bound", False),
        ("ddr_bytes_bound within 3 % of ddr_bytes", False),  # 1.00 is below 0.97 * 1.04 = 1.0088
        ("inferences_per_s >= 250 Hz", True),
        ("fits_sram", True),
        ("fits_sram and fits_flash", False),
        ("hardware.ddr >= 1 GB/s and hardware.ddr_bytes_per_s <= 1 GB/s", True),
    ],
)
def test_what_holds(text: str, holds: bool) -> None:
    assert all(condition.holds(FIGURES) for condition in conditions(text)) is holds


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", FieldError, "something is missing"),
        ("time_serial_s", FieldError, "expected <=, <, >= or >"),
        ("time_serial_s = 5 ms", FieldError, "write <=, <, >= or >"),
        ("time_serial_s <= 5 MB", QuantityError, "do not go together"),
        ("time_serial_s + macs <= 5 ms", QuantityError, "do not go together"),
        ("ddr_bytes <= 5 Mb", QuantityError, "divide by 8"),
        ("macs <= 5 foo", QuantityError, "'foo' is no unit"),
        ("macs <= 5 and", FieldError, "something is missing"),
        ("macs <= (5", FieldError, r"expected '\)'"),
        ("macs <= 5 <= 6", FieldError, "expected 'and'"),
        ("__import__('os').system('true') <= 1", FieldError, "is no condition"),
        ("macs <= 9e999", QuantityError, "too large"),
        ("macs / 0 <= 1", FieldError, "divides nothing"),
        ("(" * 300 + "macs", FieldError, "at most 200"),
        ("ddr_bytes within 5 ms of ddr_bytes_bound", FieldError, "a share must be a number"),
    ],
)
def test_what_is_refused(text: str, error: type[CostModelError], words: str) -> None:
    with pytest.raises(error, match=words):
        [condition.holds(FIGURES) for condition in conditions(text)]


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(UnknownNameError, match="did you mean time_serial_s"):
        conditions("time_serial <= 5 ms", {"time_serial_s": dimension_of("time_serial_s")})


def test_no_text() -> None:
    with pytest.raises(FieldError, match="must be a text"):
        conditions(5)  # type: ignore[arg-type]
