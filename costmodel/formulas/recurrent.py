"""Recurrent layers."""

from __future__ import annotations

from costmodel._num import Num
from costmodel.formulas._registry import Size, Step, formula


@formula
def weights(inputs: Size, hidden: Size, gates: Step) -> Num:
    r"""Weights of one direction of a recurrent layer.

    .. math:: G\, H\, (I + H)

    Parameters
    ----------
    inputs, hidden : int, array or symbol
        Features in and features of the state. [count]
    gates : int, array or symbol
        4 for LSTM, 3 for GRU, 1 for a plain recurrence.

    Returns
    -------
    int, array or symbol
        [count]; as many MACs for every step of the sequence.

    Notes
    -----
    Biases are counted apart; two directions have twice as many. A state that is projected is `projected_weights`.

    Examples
    --------
    >>> weights(128, 128, 4)      # Silero VAD, LSTM
    131072
    >>> import sympy
    >>> I, H = sympy.symbols("I H", positive=True)
    >>> weights(I, H, 4)
    4*H*(H + I)

    References
    ----------
    ONNX operator specification, LSTM: W is [4 H, I], R is [4 H, H].
    """
    return gates * hidden * (inputs + hidden)


@formula
def projected_weights(inputs: Size, hidden: Size, outputs: Size, gates: Step) -> Num:
    r"""Weights of one direction of a recurrent layer whose state is projected to its outputs, which run back into it.

    .. math:: G\, H\, (I + P) + H\, P

    Parameters
    ----------
    inputs, hidden, outputs : int, array or symbol
        Features in, features of the cell, features of the projection. [count]
    gates : int, array or symbol
        4 for LSTM, 3 where the input and the forget gate are coupled.

    Returns
    -------
    int, array or symbol
        [count]; as many MACs for every step of the sequence.

    Notes
    -----
    Biases and peepholes are counted apart; two directions have twice as many.

    Examples
    --------
    >>> projected_weights(40, 2048, 512, 4)      # 4*2048*(40+512) + 2048*512
    5570560
    >>> import sympy
    >>> I, H, P = sympy.symbols("I H P", positive=True)
    >>> projected_weights(I, H, P, 4)
    H*(4*I + 5*P)

    References
    ----------
    Sak et al., arXiv:1402.1128, section 2.2.
    """
    return hidden * (gates * (inputs + outputs) + outputs)
