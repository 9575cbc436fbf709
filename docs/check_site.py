"""Check built pages: internal links and their anchors, pictures' alternative texts, and an entry for every public name.

Pages show themselves without a network: nothing that they or their style sheets and scripts fetch is of another host.

    python docs/check_site.py docs/_build/html

Prints what is wrong, a line each, and exits with 1 where something is.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import costmodel as cm

ELSEWHERE = re.compile(r"""(?:\burl\(|@import|\bimport\b|\bfetch\(|\bimportScripts\()[\s("'`]*((?:https?:)?//[^\s"'`);]+)""")
"""What style sheets and scripts fetch from a host that they name."""


class Page(HTMLParser):
    """What a page links to, what it fetches, which anchors it has, and its pictures without alternative text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.mute: list[str] = []
        text = path.read_text(encoding="utf-8")
        self.feed(text)
        self.fetched += ELSEWHERE.findall(text)
        if "vega-embed" in text:
            self.mute.append("of a script (let Altair draw: altair.renderers.enable('svg'))")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {str(given[key]) for key in ("id", "name") if given.get(key)}
        self.links += [str(given[key]) for key in ("href", "src") if given.get(key)]
        self.fetched += [given[key] or "" for key in ("src", "srcset", "poster", "data") if key in given]
        self.fetched += [given[key] or "" for key in ("href", "xlink:href") if key in given and tag != "a"]
        if tag == "img" and ((given.get("alt") or "") in (given.get("src") or "")):  # without one the name of the file stands there
            self.mute.append(str(given.get("src")))


def problems(site: Path) -> Iterator[str]:
    """What is wrong with a built site."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}
    for path, page in pages.items():
        here = path.relative_to(site.resolve())
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                yield f"{here}: {link} is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{here}: {link} has no such place"
        yield from (f"{here}: picture {source} has no alternative text" for source in page.mute)
        yield from (f"{here}: {address} is fetched from another host" for address in page.fetched if urlsplit(address).netloc)
    if not pages:
        yield f"{site}: no pages"
        return
    for path in sorted(file for file in site.rglob("*") if file.suffix in (".css", ".js")):
        found = ELSEWHERE.findall(path.read_text(encoding="utf-8"))
        yield from (f"{path.relative_to(site)}: {address} is fetched from another host" for address in found)
    names = _inventory(site)
    entries = {id(thing) for thing in map(_resolved, names)}
    yield from (f"{name}: no entry in the reference" for name, thing in public_names() if name not in names and id(thing) not in entries)


def public_names() -> Iterator[tuple[str, Any]]:
    """Every name of the public face and of the modules in it, and all layers and networks."""
    for name in cm.__all__:
        thing = getattr(cm, name)
        yield f"costmodel.{name}", thing
        if inspect.ismodule(thing):
            yield from ((f"costmodel.{name}.{inner}", getattr(thing, inner)) for inner in _names(thing))
    yield from ((f"costmodel.layers.{layer.__name__}", layer) for layer in cm.layers.LAYERS.values())
    yield from ((f"costmodel.zoo.{name}", build) for name, build in cm.zoo.NETWORKS.items())


def _names(module: ModuleType) -> list[str]:
    """Its public names: those that it lists, else the classes and functions that it makes."""
    made = [n for n, thing in vars(module).items() if not n.startswith("_") and getattr(thing, "__module__", "") == module.__name__]
    return list(getattr(module, "__all__", made))


def _inventory(site: Path) -> list[str]:
    """The names of Python objects that the pages document."""
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        found = InventoryFile.load(file, "", lambda base, path: path)
    return [name for kind, entries in found.items() if kind.startswith("py:") for name in entries]


def _resolved(name: str) -> Any:
    """The object of a dotted name, or None."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:length]))
            for part in parts[length:]:
                thing = getattr(thing, part)
            return thing
        except (ImportError, AttributeError):
            continue
    return None


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found) or "pages: links, pictures and the reference are complete")
    sys.exit(bool(found))
