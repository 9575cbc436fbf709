"""Arrays of machines, a cache-sized chunk at a time: no column of a row is ever as long as the whole array."""

from __future__ import annotations

from collections.abc import Callable, Collection

from costmodel._num import Num
from costmodel.hardware import Hardware

CHUNK = 16_384


def in_chunks(hardware: Hardware, fields: Collection[str], figure: Callable[[Hardware], Num]) -> Num:
    """`figure` of a machine whose `fields` hold arrays, which broadcast against each other."""
    import numpy as np

    arrays = {field: array for field, array in hardware.arrays.items() if field in fields}
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    flat = {field: np.broadcast_to(array, shape).reshape(-1) for field, array in arrays.items()}
    rest = {field: array.reshape(-1)[:1].item() for field, array in hardware.arrays.items() if field not in fields}
    plain = hardware.replace(**rest)
    out = None
    for start in range(0, int(np.prod(shape)), CHUNK):
        part = slice(start, start + CHUNK)
        values = figure(plain.replace(**{field: array[part] for field, array in flat.items()}))
        if out is None:
            out = np.empty(np.prod(shape), dtype=np.result_type(values))
        out[part] = values
    return np.empty(shape) if out is None else out.reshape(shape)
