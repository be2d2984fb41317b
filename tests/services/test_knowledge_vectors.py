"""Articles found by meaning: vectors kept by content, questions never stored, and no failure that stops the search."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI

from app.bootstrap import build_context
from app.context import Context
from app.llm.embeddings import EmbeddingError, RememberingEmbedder
from app.llm.embeddings_openai import OpenAiEmbedder
from app.models.knowledge import KnowledgeVector
from app.services import articles, knowledge
from app.settings import Settings
from tests.conftest import Clock
from tests.factories import make_article
from tests.peers.openai import OpenAiPeer, nobody_listens, serve_openai

MODEL = "meaning-1"
WHO = "Who are you and what do you do there?"
"""Small words alone, which the text index leaves out."""


@pytest.fixture
def peer() -> Iterator[OpenAiPeer]:
    with serve_openai() as running:
        yield running


def meant(ctx: Context, url: str, **changes: Any) -> Context:
    values = {
        "openai_base_url": url,
        "openai_api_key": "key-1",
        "openai_embedding_model": MODEL,
        "openai_timeout_seconds": 1.0,
    }
    chosen = Settings(_env_file=None, **(ctx.settings.model_dump() | values | changes))
    return replace(ctx, settings=chosen, embedder=build_context(chosen, ctx.database, now=ctx.now).embedder)


@pytest.fixture
async def wise(ctx: Context, peer: OpenAiPeer) -> AsyncIterator[Context]:
    """The Context with an embedding model."""
    context = meant(ctx, peer.url)
    yield context
    assert context.embedder
    await context.embedder.close()


async def found(ctx: Context, question: str) -> list[str]:
    return [passage.title for passage in (await knowledge.try_out(ctx, question)).passages]


class TestMeaning:
    async def test_is_off_by_default(self, ctx: Context) -> None:
        assert ctx.embedder is None

    async def test_finds_what_no_word_finds(self, ctx: Context, wise: Context) -> None:
        await make_article(ctx, "Us", "Who we are and what we do there for you.")
        await make_article(ctx, "Parking", "There is a garage.")
        assert await found(ctx, WHO) == []
        assert await found(wise, WHO) == ["Us"]

    async def test_and_words_still_count(self, ctx: Context, wise: Context) -> None:
        await make_article(ctx, "Us", "Who we are and what we do there for you.")
        await make_article(ctx, "Parking", "There is a garage.")
        assert (await found(wise, "garage"))[0] == "Parking"

    async def test_only_what_is_published(self, ctx: Context, wise: Context) -> None:
        await make_article(ctx, "Us", "Who we are and what we do there for you.", is_published=False)
        assert await found(wise, WHO) == []


class TestWhatIsKept:
    async def test_a_section_is_sent_once_and_a_question_is_remembered_for_a_moment(
        self, wise: Context, peer: OpenAiPeer, clock: Clock
    ) -> None:
        await make_article(wise, "Us", "Who we are.")
        for _ in range(3):
            await found(wise, WHO)
        assert peer.embedded == [[WHO], ["Us\nWho we are."]]
        clock.forward(minutes=11)
        await found(wise, WHO)
        assert peer.embedded[2:] == [[WHO]]

    async def test_no_question_is_stored(self, wise: Context) -> None:
        await make_article(wise, "Us", "Who we are.")
        await found(wise, WHO)
        assert await KnowledgeVector.count() == 1

    async def test_a_changed_text_counts_from_the_next_question_on(self, wise: Context, peer: OpenAiPeer) -> None:
        article = await articles.create(wise, actor="system", fields={"title": "Us", "body": "Who we are."})
        await found(wise, WHO)
        await articles.change(wise, article.id, fields={"body": "What we do."}, seen_version=None, actor="system")
        await found(wise, WHO)
        assert peer.embedded[-1] == ["Us\nWhat we do."]
        await articles.change(wise, article.id, fields={"body": "Who we are."}, seen_version=None, actor="system")
        await found(wise, WHO)
        assert peer.embedded[-1] == ["Us\nWhat we do."]  # the former text is known

    async def test_another_model_has_vectors_of_its_own(self, ctx: Context, wise: Context, peer: OpenAiPeer) -> None:
        await make_article(wise, "Us", "Who we are.")
        await found(wise, WHO)
        other = meant(ctx, peer.url, openai_embedding_model="meaning-2")
        await found(other, WHO)
        assert await KnowledgeVector.count() == 2
        assert other.embedder
        await other.embedder.close()


class TestFailures:
    @pytest.mark.parametrize("fault", ["500", "401", "429", "html", "not-json", "drop"])
    async def test_leave_the_search_by_words(self, wise: Context, peer: OpenAiPeer, fault: str) -> None:
        await make_article(wise, "Parking", "There is a garage.")
        peer.fail(fault, times=10)
        assert await found(wise, "garage") == ["Parking"]

    async def test_nobody_listens(self, ctx: Context) -> None:
        await make_article(ctx, "Parking", "There is a garage.")
        deaf = meant(ctx, nobody_listens())
        assert await found(deaf, "garage") == ["Parking"]
        assert deaf.embedder
        await deaf.embedder.close()

    async def test_a_failing_model_rests_for_a_minute(self, wise: Context, peer: OpenAiPeer, clock: Clock) -> None:
        await make_article(wise, "Us", "Who we are.")
        peer.fail("401", times=1)
        assert await found(wise, WHO) == []
        asked = len(peer.embedded)
        assert await found(wise, WHO) == []
        assert len(peer.embedded) == asked
        clock.forward(seconds=61)
        assert await found(wise, WHO) == ["Us"]

    @pytest.mark.parametrize("spoilt", [[], [[0.0, 0.0]], [["x"]], [[1.0], [1.0, 2.0]], [None]])
    async def test_vectors_that_are_none_are_refused(self, spoilt: list[Any]) -> None:
        rows = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(spoilt)]

        def answer(_: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, json={"object": "list", "data": rows, "model": "m"})

        http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        client = AsyncOpenAI(api_key="key-1", base_url="http://127.0.0.1:1/v1", http_client=http)
        embedder = OpenAiEmbedder(client, model="m")
        with pytest.raises(EmbeddingError):
            await embedder.embed(["x"] * max(len(spoilt), 1))
        await embedder.close()


class TestRememberingEmbedder:
    async def test_forgets_the_oldest(self, clock: Clock) -> None:
        asked: list[str] = []

        class Counting:
            model = "m"

            async def embed(self, texts: Any) -> list[list[float]]:
                asked.extend(texts)
                return [[1.0]] * len(texts)

            async def close(self) -> None:
                return None

        remembering = RememberingEmbedder(Counting(), now=clock)
        for number in range(RememberingEmbedder.REMEMBERED + 1):
            await remembering.embed([str(number)])
        await remembering.embed(["1"])
        await remembering.embed(["0"])
        assert asked[-1] == "0"
        assert len(asked) == RememberingEmbedder.REMEMBERED + 2
