"""What the last check of the invariants found: one small document, which the dashboard reads on every page."""

from beanie import Document
from pydantic import AwareDatetime, Field

from app.models.base import Part

REPORT_ID = "latest"


class BrokenInvariant(Part):
    """One rule that does not hold. `count` stops where the check stopped naming; `first` are a few of the ids."""

    name: str
    count: int
    first: list[str] = Field(default_factory=list)


class InvariantReport(Document):
    """`broken` is empty while all is well."""

    id: str = Field(default=REPORT_ID)  # type: ignore[assignment]  # Beanie types the id as optional; there is one
    checked_at: AwareDatetime
    took_ms: int
    broken: list[BrokenInvariant] = Field(default_factory=list)

    class Settings:
        name = "invariant_reports"
