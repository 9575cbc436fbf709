"""What holds of the separable flavours at any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import costmodel as cm

channels = st.integers(2, 512)
sizes = st.tuples(st.integers(1, 64), st.integers(1, 64))
SEPARABLE = ["spatially_separable", "depthwise_separable", "depthwise_spatially_separable"]


@given(channels, channels, sizes, st.sampled_from(["rank_1", "full"]))
def test_at_1x1_every_separable_form_costs_more(c_in: int, c_out: int, size: tuple[int, int], reading: str) -> None:
    study = cm.flavour_study(
        in_channels=c_in, out_channels=c_out, size=size, kernel_sizes=[1], activations=["relu"], traffic="compulsory", reading=reading
    )
    for row in study.where(flavour=SEPARABLE).rows:
        assert row["relative_macs"] > 1
        assert row["relative_time"] > 1


@given(channels, channels, sizes)
def test_the_gain_grows_with_the_kernel(c_in: int, c_out: int, size: tuple[int, int]) -> None:
    study = cm.flavour_study(in_channels=c_in, out_channels=c_out, size=size, kernel_sizes=range(1, 8), activations=["relu"])
    for flavour in SEPARABLE:
        ratios = [row["relative_macs"] for row in study.where(flavour=flavour).rows]
        assert ratios == sorted(ratios, reverse=True)


@pytest.mark.parametrize("flavour", SEPARABLE)
@given(c_in=channels, c_out=channels, k=st.integers(1, 9))
def test_a_flavour_saves_macs_above_its_break_even(flavour: str, c_in: int, c_out: int, k: int) -> None:
    form = cm.break_even_kernel(flavour)
    point = {str(symbol): {"C_in": c_in, "C_out": c_out}[str(symbol)] for symbol in form.expression.free_symbols}
    study = cm.flavour_study(in_channels=c_in, out_channels=c_out, size=(4, 4), kernel_sizes=[k], activations=["relu"])
    standard, separable = study.where(flavour=["standard", flavour]).rows
    assert (separable["macs"] < standard["macs"]) == (k > float(cm.evaluate(form, point)))
