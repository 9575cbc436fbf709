"""Pardhi's paper: 128 cells come out as printed, from the network; errata are switches of one procedure."""

from decimal import Decimal

import pytest

import costmodel as cm
from costmodel.published import pardhi

NETWORK = cm.zoo.mobilenet_cifar()
CELLS = pardhi.cells()


def total(lines, column):
    return sum(getattr(line, column) for line in lines)


def test_128_cells_as_printed() -> None:
    assert len(CELLS) == 16 * 8
    assert all(cell.reproduced == cell.published for cell in CELLS)
    truncated = [(cell.row, cell.column) for cell in CELLS if cell.by == "truncation"]
    assert truncated == [(1, "compute_time_s"), (1, "predicted_time_s")]
    assert all(cell.by == "rounding" for cell in CELLS if (cell.row, cell.column) not in truncated)


def test_a_wrong_printed_digit_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = [dict(row) for row in pardhi.printed()]
    printed[6]["macs"] = "6422529"
    monkeypatch.setattr(pardhi, "printed", lambda: tuple(printed))
    assert [(c.row, c.column) for c in pardhi.cells() if c.by == "no"] == [(7, "macs")]


def test_printed_totals() -> None:
    """Sums of the printed columns, added up by hand from the paper."""
    assert sum(c.published for c in CELLS if c.column == "macs") == 3_168_398_848
    assert total(pardhi.lines(NETWORK), "macs") == 3_168_398_848
    printed = [Decimal(row["predicted_time_s"]) for row in pardhi.printed()]
    assert sum(printed) == Decimal("0.00684966803")


def test_corrected_totals() -> None:
    """452,058,368 MACs; 3,109,952 weights both ways = 6,219,904 B; 2 * MACs / 10^12 s + B / 10^9 s = 7.124020736 ms."""
    lines = pardhi.lines(NETWORK, pardhi.ERRATA)
    assert total(lines, "macs") == 452_058_368 == NETWORK.macs
    assert total(lines, "data_movement") == 6_219_904 == 2 * 3_109_952
    assert total(lines, "predicted_time_s") == Decimal("0.007124020736")
    assert lines[-1].internal_memory_in_use == 13_566_416 > pardhi.SRAM_BITS
    assert pardhi.lines(NETWORK, ["E1"])[-1].internal_memory_in_use == 7_143_888


def test_corrected_lines_agree_with_the_prediction() -> None:
    total_ = cm.predict(NETWORK, "pardhi", traffic="weights", round_trip=True).total
    assert total_.mac_time_s == 0.000904116736
    assert total_.ddr_bytes == 6_219_904
    lines = pardhi.lines(NETWORK, pardhi.ERRATA)
    assert float(total(lines, "compute_time_s")) == total_.mac_time_s


def test_waterfall_leads_from_printed_to_corrected() -> None:
    steps = pardhi.waterfall()
    assert [s.step for s in steps] == ["printed", "digits", *pardhi.ERRATA, "apart"]
    assert (steps[0].macs, steps[0].time_s) == (3_168_398_848, 0.00684966803)
    assert (steps[-2].macs, steps[-2].time_s) == (452_058_368, 0.007124020736)
    assert steps[0].time_s + sum(s.change_s for s in steps[1:-1]) == pytest.approx(steps[-2].time_s, rel=1e-12)
    assert steps[-1].change_s == pytest.approx(5_130_556 / 1e10)  # 2 + 1 operations for each of 1,693,440 outputs, pool, softmax, bias


ROWS = {
    "E1": (set(range(2, 17)), {"input_feature_map", "output_feature_map", "internal_memory_in_use"}),
    "E2": ({1}, {"data_movement", "data_movement_time_s", "predicted_time_s"}),
    "E3": (set(range(2, 17)), {"data_movement_time_s", "predicted_time_s"}),
    "E4": ({2, 4, 6, 8, 10, 12, 14}, {"macs", "compute_time_s", "predicted_time_s"}),
    "E5": ({1, 14}, {"macs", "compute_time_s", "predicted_time_s"}),
    "E6": (set(range(10, 17)), {"internal_memory_in_use", "data_movement", "data_movement_time_s", "macs", "compute_time_s", "predicted_time_s"}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(pardhi.ERRATA))
def test_an_erratum_alone_changes_only_the_cells_it_names(name: str) -> None:
    rows, columns = ROWS[name]
    touched = [cell for cell in CELLS if name in cell.errata]
    assert {cell.row for cell in touched} == rows
    assert {cell.column for cell in touched} == columns
    for cell in pardhi.cells([name]):
        assert (cell.corrected != cell.computed) == (name in cell.errata)


def test_the_procedure_takes_any_network() -> None:
    """On MobileNet v1 it costs each depthwise row as a full convolution at input size: channels * stride^2 too much."""
    network = cm.zoo.mobilenet_v1()
    units = pardhi.units(network)
    for line, unit in zip(pardhi.lines(network), units, strict=True):
        if unit.depthwise:
            stride = int(unit.label[-1])
            assert line.macs == unit.true_macs * unit.in_channels * stride**2
    assert [unit.times for unit in units].count(5) == 2


def test_the_multiplier() -> None:
    net = cm.zoo.mobilenet_cifar(width_multiplier=0.75)
    assert (net.macs, net.totals.weights) == (255_576_000, 1_759_152)


def test_claims_have_verdicts() -> None:
    memory = pardhi.claims()[0]
    assert "false" in memory.verdict
    for figure in ("953,354", "7,143,888", "13,566,416", "2,408,448"):
        assert figure in memory.computed


@pytest.mark.parametrize("text", ["E9", "E1,", "some"])
def test_unknown_errata_are_refused(text: str) -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="unknown erratum"):
        pardhi.choice(text)


def test_other_layers_are_refused() -> None:
    x = cm.Input((1, 4, 8, 8))
    with pytest.raises(cm.errors.FieldError, match="not 'matmul'"):
        pardhi.units(cm.Network.of(cm.layers.MatMul()(x, x)))
