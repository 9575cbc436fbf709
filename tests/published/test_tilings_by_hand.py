"""Tilings that a person can check: the printed words, and the bytes computed anew by hand from the layer and the tile sizes in them."""

import pytest

import costmodel as cm

L = cm.layers

# Each: layer, shapes, SRAM; inputs, weights and outputs moved and bytes held, by the arithmetic above them; the words.
TILINGS = {
    # 1000 / 125 = 8 tiles of output channels read the 8 x 1024 inputs once each. Every weight comes once, to 8 rows of inputs.
    # Held: 125 x 8 sums of 4 B, one channel of 8 rows, one weight.
    "dense": (
        L.Dense(1000, bias=False), (8, 1024), "4 KiB",
        (8 * 8 * 1024, 1024 * 1000, 8 * 1000), 125 * 8 * 4 + 8 + 1,
        [
            "keep 125 output channels' sums (8 positions each)",
            "hold inputs (8 rows x 1 column of 1 channel) 8 times",
            "stream the weights of 1 output channel by 1 input channel once",
            "8 passes of inputs: 1,000 output channels, 125 at a time: 8 tiles",
        ],
    ),
    # In each of 12 heads 64 output channels, 22 at a time, are 3 tiles, which read the 64 x 32 left operand once each.
    # Held: 22 x 32 weights, one row of 32 inputs, one sum of 4 B.
    "matmul": (
        L.MatMul(), [(12, 64, 32), (12, 32, 64)], "1 KiB",
        (12 * 3 * 64 * 32, 12 * 32 * 64, 12 * 64 * 64), 22 * 32 + 32 + 4,
        [
            "for each of 12 groups keep the weights of 22 output channels by 32 input channels",
            "hold inputs (1 row x 1 column of 32 channels) 3 times",
            "stream 1 output channel's sums (1 position each) once",
            "3 passes of inputs: 64 output channels, 22 at a time: 3 tiles",
        ],
    ),
    # 64 output channels, 32 at a time, are 2 tiles.
    # Held: 32 x 32 weights, one pixel of 32 channels, one sum.
    "pointwise": (
        L.Conv2d(64, 1, bias=False), (1, 32, 28, 28), "2 KiB",
        (2 * 32 * 28 * 28, 32 * 64, 64 * 28 * 28), 32 * 32 + 32 + 4,
        [
            "keep the weights of 32 output channels by 32 input channels",
            "hold inputs (1 row x 1 column of 32 channels) twice",
            "stream 1 output channel's sums (1 position each) once",
            "2 passes of inputs: 64 output channels, 32 at a time: 2 tiles",
        ],
    ),
    # Every plane slides through three rows of 32 columns: each row comes once.
    # Held: 3 x 32 inputs, 3 x 3 weights, one sum.
    "depthwise": (
        L.DepthwiseConv2d(3, bias=False), (1, 16, 32, 32), "150 B",
        (16 * 32 * 32, 16 * 3 * 3, 16 * 32 * 32), 3 * 32 + 3 * 3 + 4,
        [
            "for each of 16 groups keep the 3x3 weights of 1 output channel by 1 input channel",
            "hold inputs (3 rows x 32 columns of 1 channel)",
            "stream 1 output channel's sums (1 position each) once",
        ],
    ),
    # 32 output channels, 4 at a time: 8 passes. 14 output columns in two tiles of 7: with padding 1 each needs 7 + 1 stored columns,
    # 16 for 14. Rows slide. Held: 4 x 16 x 9 weights, 3 rows of 8 columns of 16 channels, one sum.
    "padded": (
        L.Conv2d(32, 3, bias=False), (1, 16, 14, 14), "1 KiB",
        (8 * 16 * 14 * (8 + 8), 9 * 16 * 32, 32 * 14 * 14), 4 * 16 * 9 + 3 * 8 * 16 + 4,
        [
            "keep the 3x3 weights of 4 output channels by 16 input channels",
            "hold inputs (3 rows x 8 columns of 16 channels) 8 times",
            "stream 1 output channel's sums (1 position each) once",
            "8 passes of inputs: 32 output channels, 4 at a time: 8 tiles",
            "16 columns: 14 output columns, 7 at a time, read 2 x 8 of 14",
        ],
    ),
    # Tiles of 8 x 8 outputs, 2 x 2 of them, need 10 x 10 inputs each: 20 x 20 for 18 x 18. 64 output channels, 7 at a time: 10 passes.
    # Weights come once for each of the 4 tiles. Held: 7 x 64 sums, 7 x 9 weights, 3 rows of 10 columns.
    "valid": (
        L.Conv2d(64, 3, padding="valid", bias=False), (1, 64, 18, 18), "2 KiB",
        (10 * 64 * 20 * 20, 4 * 9 * 64 * 64, 64 * 16 * 16), 7 * 8 * 8 * 4 + 7 * 9 + 3 * 10,
        [
            "keep 7 output channels' sums (64 positions each)",
            "hold the 3x3 weights of 7 output channels by 1 input channel 4 times",
            "stream inputs (3 rows x 10 columns of 1 channel) 10 times",
            "10 passes of inputs: 64 output channels, 7 at a time: 10 tiles",
            "4 passes of weights: 16 output rows, 8 at a time; 16 output columns, 8 at a time: 2 x 2 tiles",
            "20 rows: 16 output rows, 8 at a time, of these 1 at a time, read 3 + 7 x 1 + 3 + 7 x 1 of 18",
            "20 columns: 16 output columns, 8 at a time, read 2 x 10 of 18",
        ],
    ),
    # 4 output columns need (4 - 1) * 2 + 3 = 9 input columns, the first tile one less for the padding: 8 + 3 * 9 = 35 for 32.
    # 64 output channels, 22 at a time: 3 passes. Held: 22 x 3 x 9 weights, 3 rows of 9 columns of 3 channels, one sum.
    "strided": (
        L.Conv2d(64, 3, stride=2, padding=1, bias=False), (1, 3, 32, 32), "700 B",
        (3 * 3 * 32 * (8 + 3 * 9), 9 * 3 * 64, 64 * 16 * 16), 22 * 3 * 9 + 3 * 9 * 3 + 4,
        [
            "keep the 3x3 weights of 22 output channels by 3 input channels",
            "hold inputs (3 rows x 9 columns of 3 channels) 3 times",
            "stream 1 output channel's sums (1 position each) once",
            "3 passes of inputs: 64 output channels, 22 at a time: 3 tiles",
            "35 columns: 16 output columns, 4 at a time, read 8 + 3 x 9 of 32",
        ],
    ),
    # A column of outputs needs 3 columns two apart; the two columns at either edge lose one to the padding: 4 * 2 + 12 * 3 = 44.
    # 16 output channels, 6 at a time: 3 passes. Two rows of outputs need 3 rows two apart each, 6 in all; they slide.
    # Held: 6 x 8 x 9 weights, 6 rows of 3 columns of 8 channels, one sum.
    "dilated": (
        L.Conv2d(16, 3, dilation=2, padding=2, bias=False), (1, 8, 16, 16), "600 B",
        (3 * 8 * 16 * (4 * 2 + 12 * 3), 9 * 8 * 16, 16 * 16 * 16), 6 * 8 * 9 + 6 * 3 * 8 + 4,
        [
            "keep the 3x3 weights of 6 output channels by 8 input channels",
            "hold inputs (6 rows x 3 columns of 8 channels) 3 times",
            "stream 1 output channel's sums (1 position each) once",
            "3 passes of inputs: 16 output channels, 6 at a time: 3 tiles",
            "44 columns: 16 output columns, 1 at a time, read 2 x 2 + 12 x 3 + 2 x 2 of 16",
        ],
    ),
    # 8 rows of outputs, 5 at a time, of these 3: tiles of 3, 2 and 3 need 7, 5 and 7 rows, one less at either edge: 6 + 5 + 6 = 17 for 15.
    # Columns slide: 13. 4 groups of 2 pictures of 4 channels. Held: 6 x 4 x 9 weights, 6 rows of 3 columns of 4 channels, one sum.
    "grouped batch": (
        L.Conv2d(24, 3, stride=2, groups=4, bias=False), (2, 16, 15, 13), "300 B",
        (4 * 2 * 4 * (6 + 5 + 6) * 13, 9 * 4 * 24, 2 * 24 * 8 * 7), 6 * 4 * 9 + 6 * 3 * 4 + 4,
        [
            "for each of 4 groups keep the 3x3 weights of 6 output channels by 4 input channels",
            "hold inputs (6 rows x 3 columns of 4 channels)",
            "stream 1 output channel's sums (1 position each) once",
            "17 rows: 8 output rows, 5 at a time, of these 3 at a time, read 6 + 5 + 6 of 15",
        ],
    ),
    # An output column of a 4x4 kernel at stride 2 meets at most two input columns; they slide, and all 7 rows are held.
    # 12 output channels one at a time: 12 passes. Held: 16 x 16 weights, 7 rows of 2 columns of 16 channels, one sum.
    "transposed": (
        L.ConvTranspose2d(12, 4, stride=2, padding=1, bias=False), (1, 16, 7, 9), "500 B",
        (12 * 16 * 7 * 9, 16 * 16 * 12, 12 * 14 * 18), 16 * 16 + 7 * 2 * 16 + 4,
        [
            "keep the 4x4 weights of 1 output channel by 16 input channels",
            "hold inputs (7 rows x 2 columns of 16 channels) 12 times",
            "stream 1 output channel's sums (1 position each) once",
            "12 passes of inputs: 12 output channels, 1 at a time: 12 tiles",
        ],
    ),
    # (50 + 4 - 7) / 3 + 1 = 16 outputs, which slide over 7 rows: each of 50 comes once in each of 3 passes of 3, 3 and 2 channels.
    # Held: 3 x 4 x 7 weights, 7 rows of 4 channels, one sum.
    "1d": (
        L.Conv1d(8, 7, stride=3, padding=2, bias=False), (1, 4, 50), "120 B",
        (3 * 4 * 50, 7 * 4 * 8, 8 * 16), 3 * 4 * 7 + 7 * 4 + 4,
        [
            "keep the 7x1 weights of 3 output channels by 4 input channels",
            "hold inputs (7 rows x 1 column of 4 channels) 3 times",
            "stream 1 output channel's sums (1 position each) once",
            "3 passes of inputs: 8 output channels, 3 at a time: 3 tiles",
        ],
    ),
    # Pairs of output rows, pairs of kernel rows. Output rows 2i, 2i + 1 and kernel rows 2k, 2k + 1 meet rows 2i + 2k - 3 .. 2i + 2k - 1
    # of 0 .. 8; the fifth output row and the seventh kernel row stand alone. Rows read for i = 0 .. 4:
    # k = 0: 0, 2, 3, 3, 2 = 10; k = 1: 2, 3, 3, 3, 2 = 13; k = 2: 3, 3, 3, 2, 0 = 11; k = 3: 2, 2, 2, 0, 0 = 6; together 40.
    # 4 output channels one at a time: 4 passes; weights once for each of 5 tiles. Held: 2 x 9 sums, 3 rows of 9 columns, one weight.
    "kernel row by row": (
        L.Conv2d(4, 7, padding=3, bias=False), (1, 32, 9, 9), "100 B",
        (4 * 32 * (10 + 13 + 11 + 6) * 9, 5 * 7 * 7 * 32 * 4, 4 * 9 * 9), 2 * 9 * 4 + 3 * 9 + 1,
        [
            "keep 1 output channel's sums (18 positions each)",
            "hold inputs (3 rows x 9 columns of 1 channel) 4 times",
            "stream the weights of 1 output channel by 1 input channel 5 times",
            "4 passes of inputs: 4 output channels, 1 at a time: 4 tiles",
            "5 passes of weights: 9 output rows, 2 at a time: 5 tiles",
            "40 rows: 9 output rows, 2 at a time; 7 kernel rows, 2 at a time, read (0 + 2 + 2 x 3 + 2) + (2 + 3 x 3 + 2) + (3 x 3 + 2 + 0) + (3 x 2 + 2 x 0) of 9",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TILINGS)
def test_the_words_say_how(name: str) -> None:
    layer, shapes, sram, moved, held, words = TILINGS[name]
    plan = cm.traffic(layer, shapes, sram=sram).plan
    assert tuple(plan.ddr_bytes_of.values()) == moved
    assert plan.ddr_bytes == sum(moved)
    assert plan.held_bytes == held <= plan.sram_bytes
    printed = str(plan)
    lines = [line.strip().rstrip(",") for line in printed.splitlines()]
    assert lines[:3] == words[:3]
    assert [line for line in lines if line in words] == words
    for figure in (*moved, sum(moved), held):
        assert f"{figure:,} B" in printed or f"held {figure:,} of" in printed


@pytest.mark.parametrize("name", TILINGS)
def test_the_next_best_and_what_binds_are_printed(name: str) -> None:
    layer, shapes, sram, moved, held, _ = TILINGS[name]
    plan = cm.traffic(layer, shapes, sram=sram).plan
    *_, next_best, binding = str(plan).splitlines()
    assert next_best.startswith("  next best: ")
    assert plan.alternative["ddr_bytes"] >= plan.ddr_bytes
    assert next_best.endswith(f"{plan.alternative['ddr_bytes']:,} B")
    if plan.ddr_bytes == plan.compulsory_bytes:
        assert binding == f"  every operand moves once; {held:,} B of SRAM are enough"
        return
    more = plan.next_step["sram_bytes"]
    assert f"of {plan.sram_bytes:,} B; with {more:,} B the layer would move {plan.next_step['ddr_bytes']:,} B" in binding
    assert cm.traffic(layer, shapes, sram=more - 1).ddr_bytes == sum(moved)
    assert cm.traffic(layer, shapes, sram=more).ddr_bytes == plan.next_step["ddr_bytes"] < sum(moved)
