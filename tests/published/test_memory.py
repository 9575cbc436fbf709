"""Peaks of live bytes that others measured or published, and what the zoo's orders and arenas reach."""

import pytest

import costmodel as cm


def test_mobilenet_v2_in_8_bits() -> None:
    """The first depthwise convolution of stride 2: its input and its output, as ExecuTorch's arena (pytorch/executorch#17651)."""
    m = cm.memory("mobilenet_v2")
    assert m.peak_live_bytes == 112 * 112 * 96 + 56 * 56 * 96 == 1_505_280
    assert m.optimal
    assert m.arena_bytes == m.lower_bound_bytes == m.peak_live_bytes


def test_mobilenet_v2_with_the_depthwise_in_place() -> None:
    """MCUNetV2 (arXiv:2110.15352) prints 1372 kB: the expansion's input and output."""
    m = cm.memory("mobilenet_v2", in_place="depthwise")
    assert m.peak_live_bytes == 112 * 112 * (16 + 96) == 1372 * 1024
    assert m.optimal
    assert m.in_place == ("depthwise",)


def test_resnet50_in_32_bits() -> None:
    """MCUNet's 7.2 MB: 64 channels, the shortcut's 256 and 256 more; the add that writes a third map holds 3 * 256."""
    in_place = cm.memory("resnet50", in_place={"elementwise"}, activation_bits=32)
    plain = cm.memory("resnet50", activation_bits=32)
    assert in_place.peak_live_bytes == 4 * 56 * 56 * (64 + 256 + 256) == 7_225_344
    assert plain.peak_live_bytes == 4 * 56 * 56 * 3 * 256 == 9_633_792
    assert in_place.optimal
    assert plain.optimal


def test_nasnet_a_mobile() -> None:
    """A stem of 32 x 111 x 111, a map of 11 x 111 x 111 made from it, and 11 x 56 x 56 for every branch.

    In the order given there are four branches beside the 32 x 56 x 56 of a depthwise convolution; by choice of order that one is
    never beside the others.
    """
    stem, small, branch, strided = 32 * 111 * 111, 11 * 111 * 111, 11 * 56 * 56, 32 * 56 * 56
    given = cm.memory("nasnet_a_mobile", order="given", in_place="elementwise")
    best = cm.memory("nasnet_a_mobile", in_place="elementwise")
    assert given.peak_live_bytes == stem + small + 4 * branch + strided == 768_139
    assert best.peak_live_bytes == stem + small + 4 * branch == 667_787
    assert best.optimal
    plain = cm.memory("nasnet_a_mobile")
    assert cm.memory("nasnet_a_mobile", order="given").peak_live_bytes == 768_139
    assert 667_787 < plain.peak_live_bytes < 768_139
    assert plain.optimal


@pytest.mark.parametrize("in_place", [(), ("elementwise", "depthwise"), ("concat",)])
@pytest.mark.parametrize("name", sorted(cm.zoo.NETWORKS))
def test_the_whole_zoo(name: str, in_place: tuple[str, ...]) -> None:
    """Every order is proved within 5 s; every arena is at most 2 % above its bound, and on it where the network is a chain."""
    m = cm.memory(name, in_place=in_place, time_limit_s=5)
    assert m.optimal
    chain = all(len(step.reads) == 1 for step in m.workload.steps)
    assert m.arena_gap == 0 if chain else m.arena_gap <= 0.02
