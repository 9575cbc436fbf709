"""The description inside a .keras file: a zip archive with `config.json`. Weights and code are not opened."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from costmodel.errors import ReaderError

LARGEST = 64 * 2**20
"""Bytes of JSON that are read at most."""


def load(path: Path) -> Any:
    """The configuration of the model in a .keras file."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("config.json")
            if info.file_size > LARGEST:
                raise ReaderError(f"config.json has {info.file_size} bytes; at most {LARGEST} are read")
            with archive.open(info) as file:
                text = file.read(LARGEST + 1)
        return json.loads(text)
    except KeyError:
        raise ReaderError("holds no config.json, which Keras 3 writes; save the model with model.save('model.keras')") from None
    except (ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise ReaderError(f"is no .keras archive that can be read, which is a zip file: {error}") from None
