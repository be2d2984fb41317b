"""How the language providers fare in this process, for `/health/ready` and `chairside doctor`.

A provider that is down never makes the product unready: the next one answers, or a person does.
"""

from typing import Any

from app.context import Context
from app.llm.fallback import FailoverChain


def report(ctx: Context) -> list[dict[str, Any]]:
    """One row for each provider in the order in which they are asked; `retry_at` is when one at rest is tried again."""
    if not isinstance(ctx.llm, FailoverChain):
        return [{"provider": ctx.llm.name, "state": "closed", "failures_in_a_row": 0, "retry_at": None}]
    return [
        {
            "provider": each.provider,
            "state": each.state.value,
            "failures_in_a_row": each.failures_in_a_row,
            "retry_at": each.retry_at,
        }
        for each in ctx.llm.health()
    ]
