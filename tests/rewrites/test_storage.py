"""Bits, zeros, shared values and codes: bytes against encoders written out here."""

import json
import math
import random
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import costmodel as cm
from costmodel.network.storage import Storage

L, R = cm.layers, cm.rewrites
PARDHI = cm.Hardware.load("pardhi")


def dense(inputs: int, outputs: int) -> cm.Network:
    return cm.sequential((1, inputs), [L.Dense(outputs, bias=False)])


def weight_bytes(net: cm.Network, **options) -> int:
    return cm.predict(net, **options).total.weight_bytes


# --- encoders: what a program would write, bit by bit ---


def relative(mask: list[bool], value_bits: int, index_bits: int) -> int:
    """Bits of entries (value, places since the last entry, 1 to 2^index_bits); zeros are entered where the next nonzero is further."""
    reach, entries, at = 2**index_bits, 0, -1
    for place, there in enumerate(mask):
        if there:
            while place - at > reach:
                at += reach
                entries += 1
            entries += 1
            at = place
    return entries * (value_bits + index_bits)


def huffman(frequencies: list[int]) -> int:
    """The fewest bits over all prefix codes: lengths that satisfy Kraft's inequality, tried one and all."""
    n = len(frequencies)
    codes = (lengths for lengths in product(range(1, n), repeat=n) if sum(Fraction(1, 2**length) for length in lengths) <= 1)
    return min(sum(f * length for f, length in zip(frequencies, lengths, strict=True)) for lengths in codes)


# --- widths ---


def test_widths_by_role() -> None:
    net = cm.sequential((1, 3, 8, 8), [L.Conv2d(16, 3), L.BatchNorm(), L.ReLU(), L.Conv2d(4, 1)])
    made = net.rewrite(R.Bits(weights=4, activations="fp16", biases="fp32", norms=16, accumulators=24))
    # 432 and 64 weights at half a byte; biases of 16 and 4 at 4; gamma, beta, mean and variance of 16 at 2
    assert weight_bytes(made) == 216 + 32
    assert weight_bytes(made, parameters="trainable") == 216 + 32 + 4 * 20 + 2 * 32
    assert weight_bytes(made, parameters="all") == 216 + 32 + 4 * 20 + 2 * 64
    # folded: the norm's bias takes the place of none, since the convolution has one: nothing is added
    assert weight_bytes(made, parameters="folded") == 216 + 32 + 4 * 20
    assert [row.output_bytes for row in cm.predict(made)] == [2 * 16 * 64, 2 * 4 * 64]
    assumptions = cm.predict(made).assumptions
    assert (assumptions["weight_bits"], assumptions["activation_bits"], assumptions["accumulator_bits"]) == (4, 16, 24)


def test_a_pattern_of_widths_and_what_predict_says_of_it() -> None:
    net = cm.zoo.mobilenet_v1().rewrite(R.Bits(weights=1), R.Bits(weights=8, where=("conv1", "fc")))
    # 864 + 1,024,000 bytes, (4,209,088 - 1,024,864) / 8
    assert weight_bytes(net) == 1_024_864 + 398_028
    assert cm.predict(net).assumptions["weight_bits"] == "1 and 8"
    assert weight_bytes(net, weight_bits=8) == 4_209_088, "what predict is told wins"
    some = cm.zoo.mobilenet_v1().rewrite(R.Bits(weights=4, where="fc"))
    assert cm.predict(some).assumptions["weight_bits"] == "4 and 8", "others have the default"


def test_activations_of_a_convolution_are_those_that_its_last_epilogue_writes() -> None:
    net = cm.zoo.mobilenet_v1().rewrite(R.Bits(activations=4, where="conv1"))
    assert cm.predict(net)["conv1"].output_bytes == 112 * 112 * 32 // 2
    assert cm.predict(net)["block1/dw"].output_bytes == 112 * 112 * 32


def test_accumulators_reach_the_plans() -> None:
    net = cm.sequential((1, 64, 18, 18), [L.Conv2d(64, 3, padding=0, bias=False)])
    small = PARDHI.replace(sram=602)

    def moved(network, **options) -> int:
        return cm.predict(network, small, traffic="tiled", **options).total.ddr_bytes

    narrow = net.rewrite(R.Bits(accumulators=8))
    assert moved(narrow) == moved(net, accumulator_bits=8) < moved(net) == moved(narrow, accumulator_bits=32)


@pytest.mark.parametrize(
    ("fields", "bits"),
    [
        ({}, 0),
        ({"scales": "tensor"}, 32),
        ({"scales": "tensor", "scale_bits": 32, "zero_point_bits": 8}, 40),
        ({"scales": "channel", "scale_bits": 16}, 100 * 16),
        # 70 inputs in groups of 32: 32 + 32 + 6, three groups a channel
        ({"scales": "group", "group": 32, "scale_bits": 16, "zero_point_bits": 4}, 300 * 20),
    ],
)
def test_scales_and_zero_points(fields, bits) -> None:
    made = dense(70, 100).rewrite(R.Bits(weights=4, **fields))
    assert weight_bytes(made) == math.ceil((7000 * 4 + bits) / 8)


def test_scales_of_a_convolution_are_those_of_its_output_channels() -> None:
    net = cm.sequential((1, 3, 8, 8), [L.Conv2d(16, 3, bias=False), L.DepthwiseConv2d(3, bias=False)])
    made = net.rewrite(R.Bits(weights=8, scales="channel", scale_bits=32, zero_point_bits=8))
    assert weight_bytes(made) == (432 + 16 * 5) + (144 + 16 * 5)


def test_what_goes_with_what_is_said() -> None:
    with pytest.raises(cm.errors.FieldError, match="`group`"):
        dense(4, 4).rewrite(R.Bits(weights=4, group=2))
    with pytest.raises(cm.errors.FieldError, match="`zero_point_bits`"):
        dense(4, 4).rewrite(R.Bits(weights=4, zero_point_bits=4))
    with pytest.raises(cm.errors.UnknownNameError, match="fp16"):
        R.Bits(weights="fp15")
    with pytest.raises(cm.errors.FieldError, match="at most 128"):
        R.Bits(weights=500)
    left = cm.zoo.mobilenet_v1().rewrite(R.Bits(weights=4, where="pool")).changes.left
    assert [(r.node, r.why) for r in left] == [("pool", "it has nothing of what changes, or has that width already")]


# --- zeros ---


@given(
    inputs=st.integers(1, 60),
    outputs=st.integers(1, 60),
    kept=st.integers(1, 100),
    bits=st.sampled_from([1, 4, 8, 16, 32]),
    form=st.sampled_from(["dense", "bitmap", "coordinates", "relative"]),
)
def test_bytes_by_hand(inputs, outputs, kept, bits, form) -> None:
    weights = inputs * outputs
    nonzeros = -(-weights * kept // 100)
    index = max((weights - 1).bit_length(), 1)
    wanted = {"dense": weights * bits, "bitmap": weights + nonzeros * bits, "coordinates": nonzeros * (bits + index),
              "relative": nonzeros * (bits + 6)}[form]  # fmt: skip
    prune = R.Prune(kept / 100, sparse_format=form, index_bits=6 if form == "relative" else None, fillers="none")
    made = dense(inputs, outputs).rewrite(prune, R.Bits(weights=bits))
    assert weight_bytes(made) == math.ceil(wanted / 8)
    assert dense(inputs, outputs).rewrite(R.Bits(weights=bits), prune).nodes == made.nodes, "in any order"
    assert cm.Network.from_json(made.to_json()) == made
    total = cm.predict(made, PARDHI.replace(skips_zeros="weights"), traffic="compulsory").total
    assert (total.macs, total.macs_effective) == (weights, nonzeros)
    assert total.ddr_bytes == math.ceil(wanted / 8) + inputs + outputs, "what is stored is what moves"


@given(form=st.sampled_from(["dense", "bitmap", "coordinates", "relative"]), bits=st.sampled_from([1, 5, 8, 32]), k=st.integers(1, 8))
def test_nothing_pruned_is_dense_and_the_declared_overhead(form, bits, k) -> None:
    net = dense(30, 40)
    made = net.rewrite(R.Bits(weights=bits), R.Prune(1, sparse_format=form, index_bits=k if form in ("relative", "coordinates") else None))
    overhead = {"dense": 0, "bitmap": 1200, "coordinates": 1200 * k, "relative": 1200 * k}[form]
    assert weight_bytes(made) == math.ceil((1200 * bits + overhead) / 8)
    for skips in ("none", "weights", "both"):
        assert cm.predict(made, PARDHI.replace(skips_zeros=skips)).total.macs_effective == 1200


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(1, 5))
def test_fillers_of_any_mask_are_within_the_bounds(mask, index_bits) -> None:
    nonzeros = sum(mask)
    if nonzeros == 0:
        return
    entries = relative(mask, 8, index_bits) // (8 + index_bits)
    part = Fraction(nonzeros, len(mask))
    least, most = (
        Storage(density=part, sparse_format="relative", index_bits=index_bits, fillers=f).entries(len(mask)) for f in ("none", "most")
    )
    assert least <= entries <= most
    expected = Storage(density=part, sparse_format="relative", index_bits=index_bits).entries(len(mask))
    assert least <= expected <= most


@pytest.mark.parametrize(("percent", "index_bits"), [(9, 4), (4, 5), (25, 4), (3, 3), (50, 2)])
def test_expected_fillers_are_those_of_random_masks(percent: int, index_bits: int) -> None:
    random.seed(1)
    weights = 200_000
    places = set(random.sample(range(weights), weights * percent // 100))
    encoded = relative([place in places for place in range(weights)], 8, index_bits)
    storage = Storage(density=Fraction(percent, 100), sparse_format="relative", index_bits=index_bits)
    assert storage.weight_bits(weights, 1, 8) == pytest.approx(encoded, rel=0.005)


def test_a_mapping_of_densities_and_what_stays() -> None:
    net = cm.zoo.alexnet()
    made = net.rewrite(R.Prune({"conv*": 0.5, "dense": "9/100", "fc8": 0.25}, sparse_format="dense"))
    densities = {name: node.storage.density for name, node in made.nodes.items() if node.storage}
    assert densities["conv3"] == Fraction(1, 2)
    assert (densities["fc6"], densities["fc8"]) == (Fraction(9, 100), Fraction(1, 4))
    assert made.totals == net.totals, "counts are dense; what is left is the machine's business"
    assert {c.node for c in made.changes.made} == {"conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"}


def test_a_machine_that_skips_zeros_saves_their_time_and_energy() -> None:
    net = dense(100, 100).rewrite(R.Prune(0.1, inputs=0.5, sparse_format="bitmap"))
    none, weights, both = (cm.predict(net, PARDHI.replace(skips_zeros=s)) for s in ("none", "weights", "both"))
    assert [p.total.macs_effective for p in (none, weights, both)] == [10_000, 1_000, 500]
    assert [p.total.mac_time_s * 1e12 for p in (none, weights, both)] == pytest.approx([20_000, 2_000, 1_000])
    assert none.total.energy_j - weights.total.energy_j == pytest.approx(9_000 * none.energies.mac_j)
    assert none.total.ddr_bytes == both.total.ddr_bytes
    assert "skips_zeros" in weights.assumptions
    assert "skips_zeros" not in none.assumptions
    assert "skips zero weights and inputs" in PARDHI.replace(skips_zeros="both").describe()
    assert PARDHI.replace(skips_zeros="both") != PARDHI
    with pytest.raises(cm.errors.UnknownNameError, match="weights"):
        PARDHI.replace(skips_zeros="weight")


def test_a_machine_file_says_what_it_skips(tmp_path) -> None:
    file = tmp_path / "eie.toml"
    file.write_text('skips_zeros = "both"\nsram = "1 MiB"\nddr = "1 GB/s"\nmacs = "1 TFLOPS"\nother = "10 GFLOPS"\n')
    assert cm.Hardware.load(file).skips_zeros == "both"


def test_tilings_know_weights_of_one_width() -> None:
    net = cm.zoo.lenet_300_100()
    with pytest.raises(cm.errors.FieldError, match=r"'fc1'.*sparse_format relative"):
        _ = cm.predict(net.rewrite(R.Prune(0.1)), traffic="tiled").total.ddr_bytes
    assert cm.predict(net.rewrite(R.Prune(0.1)), traffic="fused").total.ddr_bytes < cm.predict(net, traffic="fused").total.ddr_bytes


def test_symbolic_densities_and_widths() -> None:
    d, b = cm.symbols("d b")
    net = dense(100, 50).rewrite(R.Bits(weights=b), R.Prune(d, sparse_format="bitmap"))
    bits = cm.predict(net).total.weight_bytes
    # (5000 + 5000/4 * 8) / 8 bytes
    assert cm.evaluate(bits, {d: Fraction(1, 4), b: 8}) == 1875


# --- shared values and codes ---


def test_shared_values_and_codes() -> None:
    shared = dense(100, 50).rewrite(R.SharedWeights({"dense*": 5}, entry_bits=16))
    assert weight_bytes(shared) == math.ceil((5000 * 5 + 32 * 16) / 8)
    coded = shared.rewrite(R.Huffman(3.25))
    assert weight_bytes(coded) == math.ceil((5000 * 3.25 + 32 * 16) / 8)
    why = shared.rewrite(R.Huffman(3.25, 2)).changes.left
    assert [r.why for r in why] == ["its weights have no indices to code"]
    both = dense(100, 50).rewrite(R.Prune(0.2, index_bits=8, fillers="none"), R.SharedWeights(4), R.Huffman(3.5, 2.5))
    assert weight_bytes(both) == math.ceil((1000 * 6 + 16 * 32) / 8)
    assert weight_bytes(both, weight_bits=32) == weight_bytes(both), "places and codes have no other width"
    assert cm.Network.from_json(both.to_json()) == both


@given(st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_huffman_codes_are_the_shortest_and_no_shorter_than_the_entropy(frequencies) -> None:
    mean = R.Huffman.mean_bits(frequencies)
    everything = sum(frequencies)
    assert mean * everything == pytest.approx(huffman(frequencies))
    entropy = -sum(f / everything * math.log2(f / everything) for f in frequencies)
    assert entropy - 1e-9 <= mean < entropy + 1


def test_documents_that_lie_are_refused() -> None:
    text = json.loads(dense(4, 4).rewrite(R.Prune(0.5)).to_json())
    for bad in (
        {"density": 2},
        {"density": "1e999999999"},
        {"unknown": 1},
        [1],
        {"sparse_format": "zip"},
        {"index_bits": -1},
        {"density": [1]},
    ):
        text["nodes"][1]["storage"] = bad
        with pytest.raises(cm.CostModelError):
            cm.Network.from_json(json.dumps(text))


def test_nothing_at_all_is_refused() -> None:
    for rewrite in (R.Prune(), R.Huffman()):
        with pytest.raises(cm.errors.FieldError, match="needs"):
            dense(4, 4).rewrite(rewrite)
    for density in (0, 1.5, -0.1, "half", float("nan"), True):
        with pytest.raises(cm.errors.FieldError, match="share above 0"):
            R.Prune(density)


def test_other_weights_in_the_same_place_keep_widths_and_lose_zeros() -> None:
    net = cm.zoo.mobilenet_v1(variant="full").rewrite(R.Bits(weights=4, biases=32, scales="channel"), R.Prune(0.5))
    made = net.rewrite(R.DepthwiseSeparable(where="block1"))
    storage = made.nodes["block1/pw"].storage
    assert (made.nodes["block1/pw"].weight_bits, storage.scales_per, storage.density) == (4, "channel", 1)
    assert [c.what for c in made.changes.made if c.rewrite == "DepthwiseSeparable"] == ["flavour", "storage"]


def test_a_symbolic_storage_has_no_json() -> None:
    with pytest.raises(cm.errors.SymbolicError):
        dense(4, 4).rewrite(R.Prune(cm.symbols("d"))).to_json()
    assert dense(4, 4).rewrite(R.Prune(cm.symbols("d"))) == dense(4, 4).rewrite(R.Prune(cm.symbols("d")))
    assert len({dense(4, 4).rewrite(R.Prune(0.5)), dense(4, 4).rewrite(R.Prune("1/2")), dense(4, 4)}) == 2, "1/2 is 0.5"


def test_widths_before_folding_are_those_after() -> None:
    bits = R.Bits(weights=4, biases=32, norms=16)
    net = cm.zoo.mobilenet_v1()
    # 4,209,088 weights at half a byte; 11,944 biases (10,944 of folded norms) at 4 bytes
    for order in ((bits, R.FoldNorm()), (R.FoldNorm(), bits)):
        assert weight_bytes(net.rewrite(*order), parameters="all") == 2_104_544 + 4 * 11_944


def test_explanations_say_how_weights_are_stored_and_which_macs_are_done() -> None:
    net = cm.zoo.lenet_300_100().rewrite(R.Prune(0.1, sparse_format="bitmap"))
    found = cm.predict(net, PARDHI.replace(skips_zeros="weights")).explain("fc2")
    # 30,000 bits of the mask, 3,000 bytes; twice 3,000 MACs at 10^12 a second
    assert "sparse_format bitmap" in str(found)
    assert (found["weight_bytes"].result, found["mac_time_s"].result) == (6_750, 6e-9)
