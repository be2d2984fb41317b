"""The address of the page that is being made, to lead to it again."""

from urllib.parse import quote, urlencode

from fastapi import Request


def own_address(request: Request, **changed: str) -> str:
    """Path and query on this server, some parameters of the query replaced or added."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    query = urlencode([*kept, *changed.items()])
    return quote(request.url.path) + (f"?{query}" if query else "")
