"""axe-core in the page: what it finds against WCAG 2.2 AA and its own best practices."""

from importlib.resources import files
from typing import Any

from playwright.async_api import Page

SCRIPT = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "async (tags) => (await axe.run({runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})).violations"


async def violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule. Ours keep still first: a fading colour has no contrast yet."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(SCRIPT)
    found: list[dict[str, Any]] = await page.evaluate(RUN, TAGS)
    return [f"{rule['id']}: {node['html']}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]
