"""Printed formulas against derived ones, and derived ones against brute force."""

import csv
import io
import json
from typing import Any

import pytest
import sympy as sp

import costmodel as cm
from costmodel.published.printed import D_F, D_K, DOCUMENTS, H, M, N, W, alpha, d_in, d_out, f, rho

ENTRIES = [entry for document in DOCUMENTS.values() for entry in document()]

EQUAL = {
    ("bobiev", "standard", "multiplications"),
    ("bobiev", "standard", "parameters"),
    ("bobiev", "spatially separable, read as rank_1", "multiplications"),
    ("bobiev", "spatially separable, read as rank_1", "parameters"),
    ("bobiev", "depthwise separable", "multiplications"),
    ("bobiev", "depthwise separable", "parameters"),
    ("bobiev", "depthwise spatially separable", "parameters"),
    ("pardhi", "standard convolution", "multiplications"),
    ("pardhi", "depthwise separable convolution", "multiplications"),
    ("pardhi", "pointwise filters, Figure 4", "parameters"),
    ("slides", "regular convolution", "multiplications"),
    ("slides", "depthwise separable convolution", "multiplications"),
}

DIFFERENT = {
    ("bobiev", "spatially separable, read as full", "multiplications"): f * H * W * d_out * (1 - d_out),
    ("bobiev", "spatially separable, read as full", "parameters"): f * d_out * (1 - d_out),
    # printed f H (W + 2) + f H W, right f d_in H (W + f - 1) + f d_in H W
    ("bobiev", "depthwise spatially separable", "multiplications"): f * H * (2 * W + 2) - f * d_in * H * (2 * W + f - 1),
    ("pardhi", "separable over standard", "ratio"): 1 / (2 * D_K) - 1 / D_K**2,
    ("pardhi", "depthwise filters, Figure 3", "parameters"): D_K**2 * (N - M),
    ("slides", "with both multipliers", "multiplications"): M * N * rho**2 * D_F**2 * (1 - alpha**2),
}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.document}-{e.where}-{e.figure}")
def test_verdict(entry) -> None:
    key = (entry.document, entry.where, entry.figure)
    assert entry.equal == (key in EQUAL)
    if not entry.equal:
        assert sp.expand(sp.simplify(entry.difference - DIFFERENT[key])) == 0
        assert entry.note


def test_every_entry_is_judged() -> None:
    assert {(e.document, e.where, e.figure) for e in ENTRIES} == EQUAL | DIFFERENT.keys()


def brute_force(flavour: str, k: int, c_in: int, c_out: int, h: int, w: int) -> int:
    """Multiplications of a valid convolution with h x w outputs, loop by loop."""
    if flavour == "standard":
        return sum(1 for _ in range(h * w * c_out) for _ in range(k * k * c_in))
    if flavour == "spatially_separable":  # rank 1: columns over all inputs, then rows of each output channel
        return sum(k * c_in for _ in range(h * (w + k - 1) * c_out)) + sum(k for _ in range(h * w * c_out))
    if flavour == "depthwise_separable":
        return sum(k * k for _ in range(h * w * c_in)) + sum(c_in for _ in range(h * w * c_out))
    return sum(k for _ in range(h * (w + k - 1) * c_in)) + sum(k for _ in range(h * w * c_in)) + sum(c_in for _ in range(h * w * c_out))


@pytest.mark.parametrize("flavour", sorted(cm.blocks.FLAVOURS))
@pytest.mark.parametrize("k", range(1, 10))
def test_closed_forms_by_brute_force(flavour: str, k: int) -> None:
    form = cm.formula("conv", flavour=flavour, padding="valid").expression
    values = {"k": k, "C_in": 3, "C_out": 5, "H": 4, "W": 6}
    assert cm.evaluate(form, values) == brute_force(flavour, k, 3, 5, 4, 6)


def test_ratios() -> None:
    """Separable over standard: 1/N + 1/k^2; with the kernel split too: 2/(kN) + 1/k^2 read with N and k exchanged."""
    k, n = sp.symbols("k C_out", positive=True, integer=True)
    forms = {name: cm.formula("conv", flavour=name, kernel_size=k, out_channels=n).expression for name in cm.blocks.FLAVOURS}
    assert sp.simplify(forms["depthwise_separable"] / forms["standard"] - (1 / n + 1 / k**2)) == 0
    assert sp.simplify(forms["depthwise_spatially_separable"] / forms["standard"] - (2 / (k * n) + 1 / k**2)) == 0


@pytest.mark.parametrize("format", ["text", "latex", "python"])
def test_formats(format: str) -> None:
    text = cm.formula("conv", flavour="depthwise_separable").render(format)
    if format == "python":
        scope: dict = {}
        exec(text, scope)
        assert scope["macs"](C_in=3, C_out=5, H=4, W=6, k=3) == 3 * 4 * 6 * (5 + 9)
    assert {"text": "C_in*H*W*(C_out + k**2)", "latex": r"C_{in} H W \left(C_{out} + k^{2}\right)"}.get(format, text) == text


@pytest.mark.parametrize(
    "call",
    [
        lambda: cm.formula("pool"),
        lambda: cm.formula("conv", metric="joy"),
        lambda: cm.formula("conv", flavour="oblique"),
        lambda: cm.formula("conv", flavor="standard"),
        lambda: cm.formula("conv", flavour="spatially_separable", reading="none"),
        lambda: cm.formula("mobilenet_v1", width=1),
    ],
)
def test_bad_questions(call) -> None:
    with pytest.raises(cm.CostModelError):
        call()


def test_a_formula_comes_in_every_form_of_a_table() -> None:
    form = cm.formula("mobilenet_v1", metric="weights")
    document = json.loads(form.render("json"))
    assert (document["name"], document["metric"], document["symbols"]) == ("mobilenet_v1", "weights", ["alpha"])
    space: dict[str, Any] = {}
    exec(document["python"], space)
    assert space["weights"](1) == 4_209_088  # weights of MobileNet v1, as test_mobilenet has them from the paper's table
    assert "alpha is a multiple of 1/32" in document["conditions"]
    (row,) = csv.DictReader(io.StringIO(form.render("csv")))
    assert row["formula"] == document["formula"] == form.render("text")
    for language, start in (("table", "\n name"), ("markdown", "| name |"), ("html", "<table"), ("latex", "3139584 ")):
        assert form.render(language).startswith(start)


def test_a_resolution_that_hangs_on_the_variant_is_a_symbol_too() -> None:
    for variant, resolution, macs in (("caffe", 227, 724_406_816), ("torchvision", 224, 714_188_480)):  # as test_zoo_classics has them
        form = cm.formula("alexnet", variant=variant)
        assert cm.evaluate(form, {"R": resolution}) == macs
