"""Random networks with branches, drawn as recipes: a recipe is built with ints or with symbols alike."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

import costmodel as cm
from costmodel.network import Input, Network

L = cm.layers

OPS: dict[str, Callable[[Any, Any, int], Any]] = {
    "conv": lambda x, scale, n: L.Conv2d(scale * n, 3, bias=bool(n % 2))(x),
    "strided": lambda x, scale, n: L.Conv2d(scale * n, 3, stride=2, padding=1, bias=False)(x),
    "depthwise": lambda x, scale, n: L.DepthwiseConv2d(3, stride=1 + n % 2, bias=False)(x),
    "norm": lambda x, scale, n: L.BatchNorm()(x),
    "relu": lambda x, scale, n: L.ReLU()(x),
    "pool": lambda x, scale, n: L.MaxPool2d(3, 2, padding=1, ceil_mode=bool(n % 2))(x),
    "dropout": lambda x, scale, n: L.Dropout()(x),
    "residual": lambda x, scale, n: L.Add()(x, L.Conv2d(x.shape[1], 1)(x)),
    "concat": lambda x, scale, n: L.Concat()(x, L.Conv2d(scale * n, 1)(x)),
    "fork": lambda x, scale, n: L.Concat()(L.ReLU()(x), L.Conv2d(scale * n, 3)(x), x),
    "global": lambda x, scale, n: L.Multiply()(x, L.Sigmoid()(L.Conv2d(x.shape[1], 1)(L.GlobalAvgPool()(x)))),
}

recipes = st.lists(st.tuples(st.sampled_from(sorted(OPS)), st.integers(1, 6)), min_size=1, max_size=7)


def build(recipe: list[tuple[str, int]], scale: Any, height: Any, width: Any, batch: Any = 1) -> Network:
    """The network of a recipe; channels are multiples of `scale`."""
    x = Input((batch, 3, height, width))
    for op, n in recipe:
        x = OPS[op](x, scale, n)
    head = L.Dense(10)(L.Flatten()(L.GlobalAvgPool()(x)))
    return Network.of([L.Softmax()(head), x], name="random")
