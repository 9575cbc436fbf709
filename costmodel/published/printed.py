"""Printed formulas against derived ones: proved equal, or shown different with the difference simplified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sympy as sp

from costmodel.whatif.formula import formula

f, H, W, d_in, d_out = sp.symbols("f H_out W_out d_in d_out", positive=True, integer=True)
D_K, D_F, M, N = sp.symbols("D_K D_F M N", positive=True, integer=True)
alpha, rho = sp.symbols("alpha rho", positive=True)


class PrintedFormula(NamedTuple):
    """A formula as a document prints it, and the one that the layers give."""

    document: str
    where: str
    figure: str
    printed: Any
    derived: Any
    note: str = ""

    @property
    def difference(self) -> Any:
        """Printed minus derived, simplified."""
        return sp.factor(sp.expand(sp.simplify(self.printed - self.derived)))

    @property
    def equal(self) -> bool:
        """Whether they are proved equal."""
        return bool(self.difference == 0)


def _bobiev(flavour: str, metric: str, **options: Any) -> Any:
    """The report's setting: valid padding, stride 1, output H_out x W_out."""
    sizes = {"kernel_size": f, "in_channels": d_in, "out_channels": d_out, "height": H, "width": W, "padding": "valid"}
    return formula("conv", flavour=flavour, metric=metric, **sizes, **options).expression


def _mobilenet(flavour: str, metric: str, width: Any = 1, resolution: Any = 1) -> Any:
    """MobileNet's setting: same padding, stride 1, maps of D_F x D_F."""
    sizes = {"in_channels": width * M, "out_channels": width * N, "height": resolution * D_F, "width": resolution * D_F}
    return formula("conv", flavour=flavour, metric=metric, kernel_size=D_K, **sizes).expression


def bobiev() -> list[PrintedFormula]:
    """The table of Bobiev's report: four flavours, multiplications and parameters."""
    rows: list[tuple[str, Any, Any, dict[str, Any], str, str]] = [
        ("standard", f * f * d_in * H * W * d_out, f * f * d_in * d_out, {}, "", ""),
        (
            "spatially_separable",
            f * d_in * H * (W + f - 1) * d_out + f * H * W * d_out,
            f * d_in * d_out + f * d_out,
            {"reading": "rank_1"},
            "right where the second stage works on each output channel alone",
            "right where the second stage works on each output channel alone",
        ),
        (
            "spatially_separable",
            f * d_in * H * (W + f - 1) * d_out + f * H * W * d_out,
            f * d_in * d_out + f * d_out,
            {"reading": "full"},
            "two ordinary convolutions: the second stage lacks a factor d_out",
            "two ordinary convolutions: the second stage lacks a factor d_out",
        ),
        ("depthwise_separable", f * f * d_in * H * W + d_in * H * W * d_out, f * f * d_in + d_in * d_out, {}, "", ""),
        (
            "depthwise_spatially_separable",
            f * H * (W + 2) + f * H * W + d_in * H * W * d_out,
            2 * f * d_in + d_in * d_out,
            {},
            "lacks d_in in both depthwise terms and writes + 2 for f - 1, which holds at f = 3 alone",
            "",
        ),
    ]
    found = []
    for flavour, macs, weights, options, macs_note, weights_note in rows:
        where = flavour.replace("_", " ") + (f", read as {options['reading']}" if options else "")
        found.append(PrintedFormula("bobiev", where, "multiplications", macs, _bobiev(flavour, "macs", **options), macs_note))
        found.append(PrintedFormula("bobiev", where, "parameters", weights, _bobiev(flavour, "weights", **options), weights_note))
    return found


def pardhi() -> list[PrintedFormula]:
    """The cost formulas of section 3 of Pardhi's paper."""
    standard, separable = _mobilenet("standard", "macs"), _mobilenet("depthwise_separable", "macs")
    depthwise_weights = sp.expand(_mobilenet("depthwise_separable", "weights") - M * N)
    return [
        PrintedFormula("pardhi", "standard convolution", "multiplications", D_K * D_K * M * N * D_F * D_F, standard),
        PrintedFormula(
            "pardhi", "depthwise separable convolution", "multiplications", D_K * D_K * M * D_F * D_F + M * N * D_F * D_F, separable
        ),
        PrintedFormula(
            "pardhi", "separable over standard", "ratio", 1 / N + 1 / (D_K * 2), sp.simplify(separable / standard),
            'printed as "D_K 2", which reads as a product: the exponent is lost; equal at D_K = 2 alone',
        ),
        PrintedFormula(
            "pardhi", "depthwise filters, Figure 3", "parameters", D_K * D_K * 1 * N, depthwise_weights,
            "printed as D_K x D_K x 1 x N: there is one filter an input channel, so M of them",
        ),
        PrintedFormula(
            "pardhi", "pointwise filters, Figure 4", "parameters", 1 * 1 * M * N, _mobilenet("standard", "weights").subs(D_K, 1)
        ),
    ]  # fmt: skip


def slides() -> list[PrintedFormula]:
    """The cost formulas of the slides on small networks."""
    return [
        PrintedFormula(
            "slides", "regular convolution", "multiplications", D_K * D_K * M * N * D_F * D_F, _mobilenet("standard", "macs")
        ),
        PrintedFormula(
            "slides", "depthwise separable convolution", "multiplications",
            D_K * D_K * M * D_F * D_F + M * N * D_F * D_F, _mobilenet("depthwise_separable", "macs"),
        ),
        PrintedFormula(
            "slides", "with both multipliers", "multiplications",
            D_K * D_K * alpha * M * rho * D_F * rho * D_F + M * N * rho * D_F * rho * D_F,
            _mobilenet("depthwise_separable", "macs", alpha, rho),
            "the second term must be alpha M alpha N (Howard et al., arXiv:1704.04861, equation 7)",
        ),
    ]  # fmt: skip


DOCUMENTS: dict[str, Callable[[], list[PrintedFormula]]] = {"bobiev": bobiev, "pardhi": pardhi, "slides": slides}
"""The printed formulas of every document."""
