"""Files are written whole: under a temporary name first, then renamed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from costmodel.errors import FieldError


def write(path: Path, content: bytes, *, argument: str) -> None:
    """Write `content` to `path`; whoever reads it meanwhile sees the old file or the new one. `argument` is its name in errors."""
    if not path.name or path.is_dir() or not path.parent.is_dir():
        raise FieldError(f"`{argument}` (={str(path)!r}) must be a file in a folder that exists")
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        temporary = Path(stream.name)
    try:
        temporary.write_bytes(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
