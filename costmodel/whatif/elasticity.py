"""By how many per cent does a figure grow for one per cent more of an argument?"""

from __future__ import annotations

from typing import Any

from costmodel._num import is_symbolic
from costmodel.errors import FieldError


def elasticity(figure: Any, argument: Any) -> Any:
    r"""The elasticity of a figure: :math:`\frac{x}{f} \frac{\partial f}{\partial x}`.

    A figure that is proportional to :math:`x^n` has the elasticity n; one that does not depend on x has 0.

    Parameters
    ----------
    figure : sympy.Expr, ClosedForm or number
        What a symbolic prediction returned, or a `ClosedForm`.
    argument : sympy.Symbol, str, or several of them
        What grows; several grow together.

    Returns
    -------
    sympy.Expr
        Dimensionless.

    Raises
    ------
    FieldError
        Where the argument is no symbol or name, or the figure is zero.

    Notes
    -----
    It is the elasticity of the trend: a rounding up or down stands for what it rounds, as a staircase has no slope worth naming.

    Examples
    --------
    >>> import costmodel as cm
    >>> macs = cm.formula("conv", flavour="depthwise_separable")
    >>> print(macs, "|", cm.elasticity(macs, "H"), "|", cm.elasticity(macs, ["C_in", "C_out"]))
    C_in*H*W*(C_out + k**2) | 1 | (2*C_out + k**2)/(C_out + k**2)
    >>> float(cm.evaluate(cm.elasticity(cm.formula("mobilenet_v1"), "R"), {"alpha": 1, "R": 224})).__round__(4)
    1.9964
    """
    import sympy as sp

    figure = getattr(figure, "expression", figure)
    several = argument if isinstance(argument, tuple | list | set | frozenset) else (argument,)
    names = {_name(one) for one in several}
    if not is_symbolic(figure):
        if isinstance(figure, bool) or not isinstance(figure, int | float):
            raise FieldError(f"`figure` must be a formula or a number, got {type(figure).__name__}")
        figure = sp.sympify(figure)
    if figure == 0:
        raise FieldError("`figure` is 0, which has no elasticity")
    trend = figure.replace(sp.floor, lambda inner: inner).replace(sp.ceiling, lambda inner: inner)
    slope = sp.Add(*(symbol * sp.diff(trend, symbol) for symbol in figure.free_symbols if symbol.name in names))
    ratio = slope.replace(sp.Heaviside, _step) / trend
    return sp.factor(sp.cancel(ratio)) if ratio.is_rational_function() else ratio


def _step(at: Any, *_: Any) -> Any:
    """Heaviside's step as a case distinction; SymPy is not to think about its condition, which may hold others."""
    import sympy as sp

    return sp.Piecewise((1, sp.Gt(at, 0, evaluate=False)), (0, True), evaluate=False)


def _name(argument: Any) -> str:
    if isinstance(argument, str):
        return argument
    if not hasattr(argument, "name") or not is_symbolic(argument):
        raise FieldError(f"`argument` (={argument!r}) must be a symbol, its name, or several of them")
    return str(argument.name)
