"""Where the cost lies: shares by type of layer, stage and block."""

import pytest

import costmodel as cm
from costmodel.errors import UnknownNameError

PREDICTION = cm.predict("mobilenet_v1")


def test_the_papers_table_of_shares() -> None:
    rows = {row["type"]: row for row in PREDICTION.shares().rows}
    # Howard et al., arXiv:1704.04861, Table 2; its 1.19 % of MACs is a misprint of 1.91
    printed = {"pointwise": (94.86, 74.59), "depthwise": (3.06, 1.06), "standard": (1.91, 0.02), "dense": (0.18, 24.33)}
    assert {k: (round(100 * rows[k]["macs_share"], 2), round(100 * rows[k]["weights_share"], 2)) for k in printed} == printed


@pytest.mark.parametrize("by", ["type", "stage", "block"])
def test_groups_add_up_to_the_whole(by: str) -> None:
    table, total = PREDICTION.shares(by), PREDICTION.total
    assert table.footer["macs"] == sum(row["macs"] for row in table.rows) == total.macs
    assert table.footer["ddr_bytes"] == total.ddr_bytes
    assert table.footer["time_serial_s"] == pytest.approx(total.time_serial_s)
    assert sum(row["weights_share"] for row in table.rows) == pytest.approx(1)


def test_a_stage_is_a_size_of_the_feature_map() -> None:
    rows = PREDICTION.shares("stage").rows
    assert [row["stage"] for row in rows] == ["112 x 112", "56 x 56", "28 x 28", "14 x 14", "7 x 7", "1 x 1", "vector"]
    # 14 x 14: the depthwise of 512 from 28 rows and its five successors, (9 + 512)*512*14*14 each; 256 to 512 once; 512 dw to 7x7 is not here
    assert rows[3]["macs"] == 14 * 14 * (9 * 256 + 256 * 512 + 5 * (9 * 512 + 512 * 512))


def test_a_block_is_what_stands_before_the_last_part_of_a_name() -> None:
    names = [row["block"] for row in cm.predict("resnet50").shares("block").rows]
    assert names[:3] == ["conv1", "pool1", "stage1/block1"]
    assert len([n for n in names if n.startswith("stage")]) == 3 + 4 + 6 + 3


def test_shares_of_symbols_are_formulas() -> None:
    alpha = cm.symbols("alpha", multiple_of="1/32")
    row = next(r for r in cm.predict(cm.zoo.mobilenet_v1(alpha)).shares().rows if r["type"] == "dense")
    assert cm.evaluate(row["weights_share"], {alpha: 1}) == pytest.approx(1_024_000 / 4_209_088)


def test_an_unknown_grouping_names_those_known() -> None:
    with pytest.raises(UnknownNameError, match=r"'colour'.*block, stage, type"):
        PREDICTION.shares("colour")


def test_the_shell_shows_shares(tmp_path) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "costmodel", "predict", "mobilenet_v1", "--rows", "stage", "--format", "json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert '"stage": "112 x 112"' in done.stdout
