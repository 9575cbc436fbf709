"""Arrays of machines, a cache-sized chunk at a time: no column of a row is ever as long as the whole array."""

from __future__ import annotations

from collections.abc import Callable

from costmodel._num import Num
from costmodel.hardware import Hardware

CHUNK = 16_384


def in_chunks(hardware: Hardware, figure: Callable[[Hardware], Num]) -> Num:
    """`figure` of machines held as arrays, which broadcast against each other."""
    import numpy as np

    arrays = hardware.arrays
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    flat = {key: np.broadcast_to(array, shape).reshape(-1) for key, array in arrays.items()}
    result = np.empty(shape)
    out = result.reshape(-1)
    for start in range(0, out.size, CHUNK):
        part = slice(start, start + CHUNK)
        out[part] = figure(hardware.replace(**{key: array[part] for key, array in flat.items()}))
    return result
