"""The fixture mails: written for this project, one shape each, as they come off the wire."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "mails"
WRITTEN = sorted(path.stem for path in (FOLDER / "written").glob("*.eml"))
"""What people typed, each with its expected visible text beside it."""
AUTOMATIC: dict[str, dict[str, Any]] = json.loads((FOLDER / "automatic" / "expected.json").read_text())
"""What machines wrote on Monday, 16 November 2026, with what must be seen in it."""
PEOPLE = sorted(path.stem for path in (FOLDER / "people").glob("*.eml"))
"""What people wrote that looks like a machine's."""


def raw(folder: str, name: str) -> bytes:
    return (FOLDER / folder / f"{name}.eml").read_bytes()


def expected(name: str) -> str:
    """The words that the sender of a written mail typed."""
    return (FOLDER / "written" / f"{name}.txt").read_text(encoding="utf-8").strip()
