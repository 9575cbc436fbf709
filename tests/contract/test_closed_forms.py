"""Formulas on arrays: equal to exact arithmetic, and to every network of the zoo built at the same sizes."""

from __future__ import annotations

import inspect
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

import costmodel as cm
from costmodel.errors import FieldError
from costmodel.whatif.sweep.arithmetic import Values
from costmodel.whatif.sweep.closed import Closed, figures, symbol_for

a, b = cm.symbols("a b", integer=True)
FORMULAS = {
    a * b / 3: lambda x, y: Fraction(x * y, 3),
    sp.floor(a / 3) * sp.ceiling(b / 7) ** 2: lambda x, y: (x // 3) * (-(-y // 7)) ** 2,
    sp.Max(8, sp.Min(a, b) - 2, evaluate=False): lambda x, y: max(8, min(x, y) - 2),
    sp.Mod(a, 4) + a / b: lambda x, y: x % 4 + Fraction(x, y),
    sp.Piecewise((a, a < b), (2 * b, True)): lambda x, y: x if x < y else 2 * y,
    sp.And(a >= 3, sp.Ne(b, 5)): lambda x, y: x >= 3 and y != 5,
    sp.sqrt(a * a * b * b + 2 * a * b + 1): lambda x, y: x * y + 1,
    sp.sign(a - 4) + sp.Abs(b - 9): lambda x, y: (x > 4) - (x < 4) + abs(y - 9),
    sp.Integer(7) / 2: lambda x, y: Fraction(7, 2),
}


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_a_formula_on_arrays_is_python_s_arithmetic_at_every_point(formula: Any) -> None:
    lines = np.arange(1.0, 25)[:, None], np.arange(1.0, 25)[None, :]
    found = np.broadcast_to(Values({a: lines[0], b: lines[1]})[formula], (24, 24))
    wanted = [[float(FORMULAS[formula](x, y)) for y in range(1, 25)] for x in range(1, 25)]
    np.testing.assert_allclose(found.astype(float), wanted, rtol=1e-15, atol=0)


def test_a_third_of_a_multiple_of_three_is_whole() -> None:
    """49 times the float 1/49 is less than 1."""
    assert 49 * (1 / 49) < 1
    n = np.arange(1.0, 5000)
    assert (Values({a: 49 * n})[sp.floor(a / 49)] == n).all()


def test_a_part_is_evaluated_once() -> None:
    times = []

    class Counted(sp.Function):  # type: ignore[misc]
        pass

    class Once(Values):
        def _of(self, formula: Any) -> Any:
            if isinstance(formula, Counted):
                times.append(formula)
                return self[formula.args[0]]
            return super()._of(formula)

    part = Counted(a)
    assert Once({a: np.array(3.0)})[part**2 + part * sp.floor(part / 2)] == 12
    assert times == [part]


NUMBERS = {
    "width_multiplier": [0.25, 0.29, 1 / 3, 0.5, 0.7, 0.75, 0.77, 1, 1.1, 1.4, 2],
    "resolution": [32, 64, 75, 96, 97, 128, 131, 160, 192, 200, 224, 225, 256, 299],
    "classes": [2, 10, 21, 1000, 1001],
    "batch": [1, 2, 3, 8],
    "channels": [8, 12, 17, 64],
}
ZOO = [name for name, build in cm.zoo.NETWORKS.items() if "batch" in inspect.signature(build).parameters]


@pytest.mark.parametrize("name", ZOO)
def test_closed_forms_of_the_zoo_are_the_networks_built(name: str) -> None:
    """Why a sweep compares a network of the zoo at few points alone."""
    build = getattr(cm.zoo, name)
    lines = {argument: NUMBERS[argument] for argument in inspect.signature(build).parameters if argument in NUMBERS}
    symbols = {argument: symbol_for(f"the_{argument}", tuple(line)) for argument, line in lines.items()}
    form = Closed(cm.predict(build(**symbols), "pardhi"), tuple(symbols.values()))
    chosen = random.Random(name)
    compared = 0
    for _ in range(12):
        point = {argument: chosen.choice(line) for argument, line in lines.items()}
        try:
            network = cm.predict(build(**point), "pardhi")
        except cm.CostModelError:
            with pytest.raises(cm.CostModelError):
                form.at([np.array([value]) for value in point.values()])
            continue
        found = form.at([np.array([value]) for value in point.values()])
        assert [int(np.ravel(figure)[0]) for figure in figures(found)] == figures(network), point
        compared += 1
    assert compared >= 6


def test_widths_that_leave_no_channel_are_refused_at_their_point() -> None:
    """0.02 of 32 channels is none, wherever it stands on its axis."""
    axes = {"width_multiplier": [0.5, 0.02, *np.linspace(0.25, 1, 9)], "resolution": range(128, 138)}
    with pytest.raises(FieldError, match=r"`out_channels` \(=0\).* at width_multiplier=0.02"):
        cm.sweep("mobilenet_v1", "pardhi", axes, "macs")


def test_a_formula_says_where_it_has_channels() -> None:
    alpha = cm.symbols("alpha")
    assert "1 <= floor(32*alpha)" in cm.predict(cm.zoo.mobilenet_v1(alpha), "pardhi").assumptions["conditions"]
    steps = cm.symbols("alpha", multiple_of="1/32")
    assert cm.zoo.mobilenet_v1(steps).conditions == ()
