"""The port to an embedding model: texts in, their meaning as vectors out; and a memory in front of it.

Optional everywhere: the search goes on by words where no model is configured, or while one does not answer.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from app.tracing.spans import SpanKind, span

Vector = list[float]


class EmbeddingError(Exception):
    """The model gave no usable vectors; the text is a code of ours, never a word of what was sent."""


class Embedder(Protocol):
    """An embedding model. `embed` may raise EmbeddingError and nothing else."""

    model: str
    """Part of the key under which vectors are kept: those of two models cannot be compared."""

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector for each text, in the same order, all of one dimension."""
        ...

    async def close(self) -> None:
        """Let what it holds go."""
        ...


class RememberingEmbedder:
    """Keeps the vectors of single texts (questions) for a moment, and lets a failing model rest for a minute.

    Only in memory and by hash: nothing that a patient asked is stored.
    """

    REMEMBERED = 256
    REMEMBERED_FOR = timedelta(minutes=10)
    REST = timedelta(minutes=1)

    def __init__(self, inner: Embedder, *, now: Callable[[], datetime]) -> None:
        self._inner = inner
        self._now = now
        self._vectors: OrderedDict[bytes, tuple[datetime, Vector]] = OrderedDict()
        self._resting_until: datetime | None = None
        self.model = inner.model

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """As the port says; at once EmbeddingError while the model rests."""
        key = sha256(texts[0].encode()).digest() if len(texts) == 1 else None
        if key and (known := self._remembered(key)):
            return [known]
        if self._resting_until and self._now() < self._resting_until:
            raise EmbeddingError("resting")
        try:
            with span(f"{self.model}.embed", SpanKind.CALL, texts=len(texts)):
                vectors = await self._inner.embed(texts)
        except BaseException:  # a caller's deadline that ran out is a failure too
            self._resting_until = self._now() + self.REST
            raise
        self._resting_until = None
        if key:
            self._remember(key, vectors[0])
        return vectors

    async def close(self) -> None:
        """Close the model behind."""
        await self._inner.close()

    def _remembered(self, key: bytes) -> Vector | None:
        kept = self._vectors.get(key)
        return kept[1] if kept and self._now() - kept[0] < self.REMEMBERED_FOR else None

    def _remember(self, key: bytes, vector: Vector) -> None:
        self._vectors[key] = (self._now(), vector)
        self._vectors.move_to_end(key)
        while len(self._vectors) > self.REMEMBERED:
            self._vectors.popitem(last=False)
