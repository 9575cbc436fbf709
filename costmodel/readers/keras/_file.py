"""The description inside a .keras file: a zip archive with `config.json`. Weights and code are not opened."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from costmodel.errors import ReaderError
from costmodel.readers._archive import DAMAGED, json_of

LARGEST = 64 * 2**20
"""Bytes of JSON that are read at most."""


def load(path: Path) -> Any:
    """The configuration of the model in a .keras file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return json_of(archive, "config.json", LARGEST)
    except KeyError:
        raise ReaderError("holds no config.json, which Keras 3 writes; save the model with model.save('model.keras')") from None
    except ReaderError:
        raise
    except DAMAGED as error:
        raise ReaderError(f"is no .keras archive that can be read, which is a zip file: {error}") from None
