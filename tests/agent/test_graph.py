"""The graph is the one that the documentation draws, and every intent and node has its place in it."""

from pathlib import Path

import pytest

from app.agent.choosing import REACTIONS
from app.agent.graph import GRAPH, NODES
from app.models.enums import Intent

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "agent.md"
REFRESH = (
    "The graph changed: print(GRAPH.get_graph().draw_mermaid()) from app.agent.graph and put it, without its last line "
    "break, between the fences of docs/explanation/agent.md; then read the paragraphs below it again."
)


class TestDrawing:
    def test_the_page_draws_the_graph_that_runs(self) -> None:
        drawn = PAGE.read_text().split("```mermaid\n", 1)[1].split("\n```", 1)[0]
        assert drawn == GRAPH.get_graph().draw_mermaid().strip("\n"), REFRESH

    @pytest.mark.parametrize("node", [node.__name__ for node in NODES])
    def test_the_paragraphs_speak_of_every_box(self, node: str) -> None:
        words = PAGE.read_text().split("\n```\n", 1)[1]
        assert f"`{node}`" in words


class TestTopology:
    def test_every_intent_has_a_reaction_that_is_a_box(self) -> None:
        boxes = {node.__name__ for node in NODES}
        assert set(REACTIONS) == set(Intent)
        assert set(REACTIONS.values()) <= boxes

    def test_every_box_is_reached_and_leads_to_the_end(self) -> None:
        edges = [(edge.source, edge.target) for edge in GRAPH.get_graph().edges]
        boxes = {node.__name__ for node in NODES}
        assert boxes <= _closure({"__start__"}, edges)
        assert boxes <= _closure({"__end__"}, [(target, source) for source, target in edges])


def _closure(start: set[str], edges: list[tuple[str, str]]) -> set[str]:
    """Everything that can be reached from `start` along the edges."""
    reached = set(start)
    while more := {target for source, target in edges if source in reached} - reached:
        reached |= more
    return reached
