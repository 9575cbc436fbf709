"""Every formula gives the same value for ints, int64 arrays and SymPy expressions.

The formulas come from the registry with the domain of every argument: there is no list to keep.
"""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from costmodel.formulas import FORMULAS
from costmodel.formulas._registry import Domain

POINTS = 4  # entries of every array


def values(domain: Domain) -> st.SearchStrategy:
    return st.integers(domain.low, domain.high)


def points(domain: Domain) -> st.SearchStrategy:
    """`POINTS` values of an argument; one value where it is always plain, in tuples where it has axes."""
    one = st.lists(values(domain), min_size=POINTS, max_size=POINTS) if domain.carried else values(domain)
    return st.tuples(*[one] * domain.axes) if domain.axes else one


def at(argument, domain: Domain, index: int):
    if domain.axes:
        return tuple(axis[index] for axis in argument)
    return argument[index] if domain.carried else argument


def mapped(argument, domain: Domain, make):
    if domain.axes:
        return tuple(make(axis) for axis in argument)
    return make(argument) if domain.carried else argument


@pytest.mark.parametrize("name", sorted(FORMULAS))
@given(data=st.data())
def test_carriers_agree(name: str, data: st.DataObject) -> None:
    entry = FORMULAS[name]
    drawn = {argument: data.draw(points(domain), label=argument) for argument, domain in entry.domains.items()}
    counts = all(domain.whole for domain in entry.domains.values())

    plain = [entry.function(**{a: at(drawn[a], d, i) for a, d in entry.domains.items()}) for i in range(POINTS)]
    if counts:
        assert all(type(value) is int for value in plain)

    arrays = entry.function(**{a: mapped(drawn[a], d, lambda v: np.array(v, dtype=np.int64)) for a, d in entry.domains.items()})
    assert arrays.dtype == (np.int64 if counts else np.float64) or not counts
    assert arrays.dtype != object
    np.testing.assert_allclose(arrays, plain, rtol=0 if counts else 1e-12)

    names: dict[sp.Symbol, list[int]] = {}

    def symbol(column: list[int]) -> sp.Symbol:
        made = sp.Symbol(f"x{len(names)}", integer=True, positive=True)
        names[made] = column
        return made

    expression = entry.function(**{a: mapped(drawn[a], d, symbol) for a, d in entry.domains.items()})
    for index in range(POINTS):
        found = sp.sympify(expression).xreplace({s: sp.Integer(column[index]) for s, column in names.items()}).doit()
        if counts:
            assert found == plain[index]
        else:
            assert float(found) == pytest.approx(plain[index], rel=1e-12)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_docstring_is_complete(name: str) -> None:
    text = FORMULAS[name].function.__doc__ or ""
    for part in (".. math::", "Parameters\n", "Returns\n", "Notes\n", "Examples\n", ">>>", "import sympy", "References\n"):
        assert part in text, f"the docstring of {name} lacks {part!r}"
    for argument in FORMULAS[name].domains:
        assert argument in text, f"the docstring of {name} does not speak of `{argument}`"


def test_formulas_by_brute_force() -> None:
    """A convolution, counted tap by tap: for each output element, each input channel of its group, each tap."""
    out_channels, in_channels, groups, kernel, out = 6, 4, 2, (3, 2), (5, 4)
    macs = 0
    for _ in range(out_channels):
        for _ in range(out[0] * out[1]):
            for _ in range(in_channels // groups):
                macs += kernel[0] * kernel[1]
    assert FORMULAS["conv.macs"].function(1, in_channels, out_channels, out, kernel, groups) == macs


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_window_sizes_by_enumeration(ceil_mode: bool) -> None:
    """Slide the window: it starts every `stride` rows, within the padded input (or, in ceil mode, before its end)."""
    for size in range(1, 12):
        for kernel in range(1, 5):
            for stride in range(1, 4):
                for pad in range((kernel + 1) // 2):
                    if kernel > size + 2 * pad:
                        continue
                    starts = range(0, size + 2 * pad, stride)
                    fits = [s for s in starts if s + kernel <= size + 2 * pad]
                    count = len(fits)
                    if ceil_mode and fits[-1] + kernel < size + 2 * pad and fits[-1] + stride < size + pad:
                        count += 1  # one more, which overhangs but starts inside the input or the padding before it
                    rule = "window.ceil_size" if ceil_mode else "window.floor_size"
                    assert FORMULAS[rule].function(size, kernel, stride, 1, pad, pad) == count


def test_adaptive_rows_by_enumeration() -> None:
    for size in range(1, 20):
        for out in range(1, 10):
            rows = sum(-(-(i + 1) * size // out) - i * size // out for i in range(out))
            assert FORMULAS["window.adaptive_rows"].function(size, out) == rows
