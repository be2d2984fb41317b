"""A table as CSV that a spreadsheet opens without running anything in it (trust.md 4.4)."""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

RUNS_IN_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


def as_csv(name: str, rows: Iterable[Sequence[object]]) -> Response:
    """The rows, the heading first, as a download; every cell quoted, and a formula disarmed by an apostrophe."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([_disarmed(cell) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _disarmed(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(RUNS_IN_A_SPREADSHEET) else text
