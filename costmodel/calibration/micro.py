"""The micro-benchmarks: small stacks of one kind of layer each, chosen so that their times tell a machine's figures apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from costmodel import layers
from costmodel.blocks import FLAVOURS, flavour
from costmodel.network import Input, Network

SIZES = (7, 14, 28, 56, 112)
"""Heights and widths of feature maps."""
ACTIVATIONS = {"elu": layers.ELU, "relu": layers.ReLU, "tanh": layers.Tanh}


def micro_networks() -> Iterator[Network]:
    """The micro-benchmarks, in an order in which a part of them is a fair sample.

    Yields
    ------
    Network
        Its name says what it is: "pointwise 64-128 28", "flavour depthwise_separable elu 3".

    Notes
    -----
    Convolutions, dense layers, poolings, activations, norms, sums, products, resizing, concatenations and copies. Channels, sizes, kernels
    and strides vary apart from one another, so that MACs, bytes, other operations and the number of layers are no multiples of
    each other.

    Examples
    --------
    >>> from costmodel.calibration.micro import micro_networks
    >>> networks = list(micro_networks())
    >>> len(networks), len({network.name for network in networks})
    (546, 546)
    """
    kinds = (_pointwise, _standard, _depthwise, _grouped, _first, _dense, _streamed, _light, _transposed, _flavours)
    groups = [list(kind()) for kind in kinds]
    places = [(place / len(group), network) for group in groups for place, network in enumerate(group)]
    for _, network in sorted(places, key=lambda entry: entry[0]):
        yield network


def _stack(name: str, shape: tuple[int, ...], *stack: layers.Layer | Callable[[Any], Any]) -> Network:
    """Layers one after another."""
    tensor = Input(shape)
    for layer in stack:
        tensor = layer(tensor)
    return Network.of(tensor, name)


def _pointwise() -> Iterator[Network]:
    for size in SIZES:
        for narrow, wide in ((16, 16), (24, 72), (16, 96), (32, 32), (32, 192), (64, 64), (64, 128), (128, 128), (96, 576),
                             (128, 512), (256, 256), (256, 1024), (512, 512), (160, 960), (512, 1024)):  # fmt: skip
            if narrow * wide * size**2 <= 3e8 and wide * size**2 <= 2.5e6:
                relu = layers.ReLU()
                yield _stack(
                    f"pointwise {narrow}-{wide} {size}", (1, narrow, size, size),
                    layers.Conv2d(wide, 1), relu, layers.Conv2d(narrow, 1), relu, layers.Conv2d(wide, 1), relu,
                )  # fmt: skip


def _standard() -> Iterator[Network]:
    for kernel in (3, 5, 7):
        for size in SIZES:
            for narrow, wide in ((16, 16), (16, 64), (32, 64), (64, 64), (128, 128), (64, 256), (256, 256), (512, 512)):
                if narrow * wide * size**2 * kernel**2 <= 3e8:
                    yield _stack(
                        f"standard {kernel} {narrow}-{wide} {size}", (1, narrow, size, size),
                        layers.Conv2d(wide, kernel), layers.ReLU(), layers.Conv2d(narrow, kernel), layers.ReLU(),
                    )  # fmt: skip
    for size in SIZES[1:]:
        for channels in (32, 64, 128):
            yield _stack(f"strided {channels} {size}", (1, channels, size, size), layers.Conv2d(2 * channels, 3, stride=2), layers.ReLU())
    for oblong in ((1, 3), (3, 1), (1, 7), (7, 1)):
        for channels, size in ((64, 35), (128, 17), (192, 17)):
            name = f"oblong {oblong[0]}x{oblong[1]} {channels} {size}"
            yield _stack(name, (1, channels, size, size), layers.Conv2d(channels, oblong), layers.ReLU(), layers.Conv2d(channels, oblong))


def _depthwise() -> Iterator[Network]:
    for kernel in (3, 5, 7, 9):
        for stride in (1, 2):
            for size in SIZES:
                for channels in (32, 96, 240, 512, 960):
                    if channels * size**2 <= 1.3e6 and (kernel <= 5 or channels in (96, 240)):
                        yield _stack(
                            f"depthwise {kernel}/{stride} {channels} {size}", (1, channels, size, size),
                            layers.DepthwiseConv2d(kernel), layers.ReLU(), layers.DepthwiseConv2d(kernel, stride=stride), layers.ReLU(),
                        )  # fmt: skip


def _grouped() -> Iterator[Network]:
    for size in SIZES[1:4]:
        for channels, groups in ((96, 3), (128, 4), (256, 32), (240, 3)):
            for kernel in (1, 3):
                layer = layers.Conv2d(channels, kernel, groups=groups)
                yield _stack(f"grouped {kernel} {channels}/{groups} {size}", (1, channels, size, size), layer, layers.ReLU(), layer)


def _first() -> Iterator[Network]:
    for kernel, stride in ((3, 1), (3, 2), (5, 2), (7, 2), (11, 4)):
        for size, channels in ((96, 16), (224, 32), (224, 64)):
            layer = layers.Conv2d(channels, kernel, stride=stride)
            yield _stack(f"first {kernel}/{stride} {channels} {size}", (1, 3, size, size), layer, layers.ReLU())


def _dense() -> Iterator[Network]:
    for narrow, wide in ((64, 64), (128, 640), (256, 256), (512, 1000), (1024, 1024), (1280, 1000), (2048, 1000), (1024, 4096),
                         (4096, 4096), (9216, 4096)):  # fmt: skip
        yield _stack(f"dense {narrow}-{wide}", (1, narrow), layers.Dense(wide), layers.ReLU(), layers.Dense(narrow), layers.ReLU())


def _streamed() -> Iterator[Network]:
    """Dense layers whose weights together, 64 MiB, exceed the caches: in a network they come from memory."""
    for narrow, wide in ((256, 256), (512, 1000), (1024, 1024), (1280, 1000), (2048, 1000), (2048, 4096)):
        tensor, features = Input((1, narrow)), wide
        for _ in range(-(-(2**24) // (narrow * wide))):
            tensor = layers.ReLU()(layers.Dense(features)(tensor))
            features = narrow + wide - features
        yield Network.of(tensor, f"streamed {narrow}-{wide}")


def _transposed() -> Iterator[Network]:
    for kernel in (2, 3, 4):
        for size, channels in ((14, 256), (28, 64), (28, 128), (56, 32), (80, 24)):
            layer = layers.ConvTranspose2d(channels, kernel, stride=2)
            yield _stack(f"transposed {kernel} {channels} {size}", (1, channels, size, size), layer, layers.ReLU())


def _light() -> Iterator[Network]:
    """What has no MACs: activations, poolings, norms, sums, products, concatenations and copies."""
    for size, channels in ((7, 512), (14, 256), (28, 128), (56, 64), (112, 32), (112, 64)):
        shape, label = (1, channels, size, size), f"{channels} {size}"
        for layer in (layers.Sigmoid(), layers.HardSwish(), layers.Tanh(), layers.ELU(), layers.SiLU(), layers.HardSigmoid()):
            yield _stack(f"{layer.kind} {label}", shape, layer, layers.MaxPool2d(1), layer)
        yield _stack(f"relu norm {label}", shape, layers.ReLU(), layers.BatchNorm(), layers.MaxPool2d(1), layers.BatchNorm(), layers.ReLU())
        yield _stack(
            f"max_pool {label}", shape, layers.MaxPool2d(3, stride=1, padding="same"), layers.MaxPool2d(3, stride=2, padding="same")
        )
        yield _stack(f"avg_pool {label}", shape, layers.AvgPool2d(3, stride=1, padding="same"), layers.AvgPool2d(2))
        for slower in (layers.LRN(5), layers.PReLU((channels, 1, 1)), layers.Softmax(1)):
            yield _stack(f"{slower.kind} {label}", shape, layers.MaxPool2d(1), slower)
        for mode in ("nearest", "linear"):
            yield _stack(f"resize {mode} {label}", shape, layers.Resize((1, channels, 2 * size, 2 * size), mode))
        yield _stack(f"global_avg_pool {label}", shape, layers.GlobalAvgPool())
        yield _stack(f"add {label}", shape, lambda x: layers.Add()(layers.ReLU()(x), layers.Sigmoid()(x)))
        yield _stack(f"multiply {label}", shape, lambda x: layers.Multiply()(x, layers.Sigmoid()(layers.GlobalAvgPool()(x))))
        yield _stack(f"concat {label}", shape, lambda x: layers.Concat()(x, layers.MaxPool2d(1)(x), x))
        yield _stack(f"shuffle {label}", shape, layers.ChannelShuffle(4), layers.ChannelShuffle(4))
        yield _stack(f"residual {label}", shape, layers.Conv2d(channels, 1), _residual)


def _residual(tensor: Any) -> Any:
    """Two pointwise convolutions, and what came added."""
    conv = layers.Conv2d(tensor.shape[1], 1)
    return layers.ReLU()(layers.Add()(conv(conv(tensor)), tensor))


def _flavours() -> Iterator[Network]:
    """Four flavours of convolution, three activations, kernels from 1x1 to 9x9, at 56x56 from 64 to 64 channels."""
    for kernel in range(1, 10):
        for name in FLAVOURS:
            for label, activation in ACTIVATIONS.items():
                if kernel in (1, 2, 3, 5, 7, 9) or label == "relu":
                    reading = {"reading": "full"} if name == "spatially_separable" else {}
                    tensor = flavour(name)(Input((1, 64, 56, 56)), 64, kernel, norm=None, activation=None, bias=True, **reading)
                    yield Network.of(activation()(tensor), f"flavour {name} {label} {kernel}")
