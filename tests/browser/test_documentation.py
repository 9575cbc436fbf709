"""The documentation as it was built last, in headless Chromium; skipped where `make docs` has not run."""

import functools
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"

pytestmark = pytest.mark.browser


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the built pages: browsers fetch no page for a search from files."""
    if not (SITE / "search.html").is_file():
        pytest.skip("no built documentation: run `make docs`")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("word", "page"), [("mobilenet", "mobilenet.html"), ("calibration", "calibration.html"), ("tornado", "questions.html")]
)
def test_a_word_is_found_on_its_page(chromium: Any, site: str, word: str, page: str) -> None:
    chromium.open(f"{site}/search.html?q={word}")
    links = "[...document.querySelectorAll('#search-results li a')].map(a => a.getAttribute('href')).join(' ')"
    assert page in eventually(chromium, links, page)


def test_a_word_that_is_nowhere_is_not_found(chromium: Any, site: str) -> None:
    chromium.open(f"{site}/search.html?q=xyzzyplugh")
    assert "did not match any documents" in eventually(chromium, "document.querySelector('#search-results').textContent", "did not match")


def test_pages_show_themselves_without_a_network(chromium: Any, site: str) -> None:
    formulas = 0
    for page in sorted(SITE.rglob("*.html")):
        if "_static" not in page.parts:
            chromium.open(f"{site}/{page.relative_to(SITE).as_posix()}")
            assert not [url for url in chromium.requests if not url.startswith((site, "about:", "data:"))], page
            widths = "[...document.querySelectorAll('.math')].map(f => f.querySelector('math')?.getBoundingClientRect().width ?? 0)"
            seen = chromium.run(widths)
            assert all(seen), page
            formulas += len(seen)
    assert formulas > 100


def eventually(chromium: Any, script: str, wanted: str) -> str:
    """What a script returns once it holds what is wanted, or after half a minute."""
    until = time.monotonic() + 30
    while wanted not in (found := chromium.run(script)) and time.monotonic() < until:
        time.sleep(0.1)
    return str(found)
