"""The figures of the last 90 days that are too dear to count for each reader: one document, written by a job."""

from typing import Any

from beanie import Document
from pydantic import AwareDatetime, Field

REPORT_ID = "clinic"


class InsightReport(Document):
    """`figures` as app/services/insight.py makes them; `made_at` says how old they are."""

    id: str = Field(default=REPORT_ID)  # type: ignore[assignment]  # Beanie types the id as optional; there is one
    made_at: AwareDatetime
    figures: dict[str, Any] = Field(default_factory=dict)

    class Settings:
        name = "insight_reports"
