"""One headless Chromium for all tests of pages."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import costmodel as cm


def _chromium() -> ModuleType:
    spec = importlib.util.spec_from_file_location("costmodel_chromium", Path(__file__).with_name("chromium.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    module = _chromium()
    program = module.executable()
    if program is None:
        pytest.skip("no Chromium: install Debian's `chromium`, or set CHROMIUM to the path of Chrome or Chromium")
    browser = module.Chromium(program, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The page of a network as a file, made once."""
    folder = tmp_path_factory.mktemp("pages")
    made: dict[str, Path] = {}

    def write(network: Any, **options: Any) -> Path:
        key = f"{getattr(network, 'name', network)}-{len(options)}-{'-'.join(map(str, options.values()))}"
        if key not in made:
            made[key] = folder / f"{len(made)}.html"
            made[key].write_text(cm.report.explorer(network, **options), encoding="utf-8")
        return made[key]

    return write
