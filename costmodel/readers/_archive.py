"""JSON inside a zip archive, of no more than a given size."""

from __future__ import annotations

import json
import zipfile
from typing import Any

from costmodel.errors import ReaderError

DAMAGED = (ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError)
"""What Python raises of an archive that is cut off, encrypted or packed in a way that it doesn't know."""


def json_of(archive: zipfile.ZipFile, name: str, largest: int) -> Any:
    """A member of an archive as JSON; what it says of its size is checked before it is unpacked."""
    info = archive.getinfo(name)
    if info.file_size > largest:
        raise ReaderError(f"{name} has {info.file_size} bytes; at most {largest} are read")
    with archive.open(info) as file:
        text = file.read(largest + 1)
    return json.loads(text)
