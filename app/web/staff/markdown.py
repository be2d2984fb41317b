"""An article's Markdown as staff see it: no raw HTML, no images, links that open nothing by themselves."""

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_inline", "html_block"])


def as_page(text: str) -> Markup:
    """The text as HTML. Markup that stands in it is shown as text; a `javascript:` link is no link (markdown-it's own
    check).
    """
    return Markup(_reader().render(text))  # noqa: S704  # made by a renderer that escapes everything it is given
