"""Fused plans against a replay that moves rows, and what holds of them at any capacity."""

from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from replay import Replay
from strategies import build, recipes

import costmodel as cm

L = cm.layers


def plan_or_none(net: cm.Network, sram: int, **widths):
    try:
        return cm.fuse(net, sram, **widths)
    except cm.errors.FieldError:
        return None


@settings(max_examples=100)
@given(recipe=recipes, sram=st.integers(400, 12_000), height=st.integers(5, 20))
def test_a_plan_does_what_it_says(recipe, sram: int, height: int) -> None:
    plan = plan_or_none(build(recipe, 3, height, 9), sram)
    assume(plan is not None)
    replay = Replay(plan)
    assert (replay.ddr_bytes, replay.sram_bytes) == (plan.ddr_bytes, plan.sram_bytes)
    assert plan.bound_bytes <= plan.ddr_bytes
    assert plan.sram_bytes <= sram


@given(recipe=recipes, small=st.integers(400, 12_000), more=st.integers(1, 12_000))
def test_more_sram_never_moves_more(recipe, small: int, more: int) -> None:
    net = build(recipe, 3, 12, 9)
    plan = plan_or_none(net, small)
    assume(plan is not None)
    assert cm.fuse(net, small + more).ddr_bytes <= plan.ddr_bytes
