"""What MkDocs asks of us: the navigation out of docs/index.md, and no link to what is no page of the site."""

import re
from pathlib import Path
from typing import Any

HEADING = re.compile(r"^## (.+)$")
ENTRY = re.compile(r"^- \[([^\]]+)\]\(([^)#]+\.md)\)")
OUTSIDE = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)+(?!how-to/|reference/|explanation/|decisions/|runbooks/|images/|index)[^)]+\)"
)
"""A link to a file of the repository: right where the page is read in the repository, and nowhere else."""


def on_config(config: Any) -> Any:
    """Each section of the index is a part of the navigation, with its pages in the index's order."""
    config.nav = navigation((Path(config.docs_dir) / "index.md").read_text(encoding="utf-8"))
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The text of such a link stays."""
    return OUTSIDE.sub(r"\1", markdown)


def navigation(index: str) -> list[dict[str, Any]]:
    """`[{"Home": "index.md"}, {"How to": [{"Run the demo": "how-to/run-the-demo.md"}, ...]}, ...]`."""
    parts: list[dict[str, Any]] = [{"Home": "index.md"}]
    pages: list[dict[str, str]] = []
    for line in index.splitlines():
        if heading := HEADING.match(line):
            pages = []
            parts.append({heading[1]: pages})
        elif entry := ENTRY.match(line):
            pages.append({entry[1]: entry[2]})
    return parts
