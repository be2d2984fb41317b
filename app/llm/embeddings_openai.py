"""Embeddings from an OpenAI-compatible server (stack.md 2c): the same client, address and key as the language model."""

import math
from collections.abc import Sequence

import openai
from openai import AsyncOpenAI

from app.llm.embeddings import EmbeddingError, Vector
from app.llm.masks import masked

FAILURES = (openai.OpenAIError, TimeoutError, ValueError, LookupError, TypeError, AttributeError)
"""Everything that a server has been seen to do instead of answering; a proxy's page is an AttributeError."""


class OpenAiEmbedder:
    """Asks `/embeddings`; what is not one finite vector for each text is an error."""

    def __init__(self, client: AsyncOpenAI, *, model: str) -> None:
        self._client = client
        self.model = model

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Raises EmbeddingError."""
        try:
            answer = await self._client.embeddings.create(
                model=self.model, input=[masked(text) for text in texts], encoding_format="float"
            )
            rows = sorted(answer.data, key=lambda row: row.index)
            vectors = [[float(part) for part in row.embedding] for row in rows]
        except FAILURES as error:
            raise EmbeddingError(type(error).__name__) from None  # its text may hold what was sent
        if len(vectors) != len(texts) or not all(_is_usable(vector, vectors[0]) for vector in vectors):
            raise EmbeddingError("unusable_vectors")
        return vectors

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.close()


def _is_usable(vector: Vector, first: Vector) -> bool:
    return len(vector) == len(first) > 0 and all(math.isfinite(part) for part in vector) and any(vector)
