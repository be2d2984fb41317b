"""How a list says which page this is (api.md section 4)."""

from app.api.deps import PageParams
from app.api.v1.schemas.types import Answer


class Pagination(Answer):
    total_items: int
    total_pages: int
    current_page: int
    next_cursor: str | None = None


def pagination(page: PageParams, total: int, *, next_cursor: str | None = None) -> Pagination:
    """The numbers of one page of `total` rows; an empty list has no pages."""
    return Pagination(
        total_items=total, total_pages=-(-total // page.limit), current_page=page.page, next_cursor=next_cursor
    )
