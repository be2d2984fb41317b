"""The website of the documentation: built strictly, with every page, and nothing on it comes from another host."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scripts.site_pages import navigation, on_page_markdown

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
STYLE_URL = re.compile(r"""(?:url\(\s*|@import\s+)["']?(https?:)?//""")


class Loads(HTMLParser):
    """What a browser fetches by itself when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, ""))
        if address and dict(attrs).get("rel") not in ("canonical", "next", "prev"):
            self.addresses.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strict build: a broken link, a missing anchor or a page outside the navigation would end it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class TestSite:
    def test_every_page_is_there(self, site: Path) -> None:
        written = {page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")}
        assert written <= {page.relative_to(site) for page in site.rglob("*.html")}

    def test_the_navigation_leads_to_every_page(self, site: Path) -> None:
        front = (site / "index.html").read_text(encoding="utf-8")
        bar = front[front.index('class="md-nav md-nav--primary') : front.index('<div class="md-content"')]
        missing = [page for page in pages() if f'href="{page.removesuffix(".md")}.html"' not in bar]
        assert missing == []

    def test_no_page_loads_anything_from_another_host(self, site: Path) -> None:
        for page in site.rglob("*.html"):
            loads = Loads()
            loads.feed(page.read_text(encoding="utf-8"))
            assert [each for each in loads.addresses if re.match(r"(https?:)?//", each)] == [], page
        for style in site.rglob("*.css"):
            assert not STYLE_URL.search(style.read_text(encoding="utf-8")), style


def pages() -> list[str]:
    return [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if page.name != "index.md"]


class TestNavigation:
    def test_it_is_the_index(self) -> None:
        parts = navigation((DOCS / "index.md").read_text(encoding="utf-8"))
        listed = [
            page for part in parts[1:] for entries in part.values() for entry in entries for page in entry.values()
        ]
        assert sorted(listed) == sorted(pages())

    def test_links_out_of_the_site_become_words(self) -> None:
        text = "[README](../README.md), [turns](../../app/turns.py), [the loop](../explanation/the-loop.md)"
        assert on_page_markdown(text) == "README, turns, [the loop](../explanation/the-loop.md)"
