"""Which sections mean what a question means, by an embedding model, where one is configured (ADR 0025).

Vectors of sections are stored by content and model; those of questions never are. Whatever goes wrong here leaves the
search by words: an embedding server can neither stop an answer nor hold it up for longer than a few seconds.
"""

import asyncio
import math
import operator
import sys
from array import array
from collections.abc import Sequence
from hashlib import sha256

from beanie import PydanticObjectId

from app.context import Context
from app.domain.passages import Section
from app.llm.embeddings import Embedder, EmbeddingError, Vector
from app.logging import get_logger
from app.models.base import derived_id
from app.models.knowledge import KnowledgeVector

log = get_logger(__name__)

LONGEST_WAIT_SECONDS = 5.0
LEAST_LIKENESS = 0.25
"""Cosine below which a section has nothing to do with the question."""
BATCH = 64


async def nearest(ctx: Context, question: str, sections: Sequence[Section]) -> list[tuple[Section, float]]:
    """Sections by likeness to the question, 0 to 1, best first; empty without a model or while it does not answer."""
    if ctx.embedder is None or not sections:
        return []
    try:
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            [asked] = await ctx.embedder.embed([question])
            known = await _vectors_of(ctx, ctx.embedder, sections)
    except (EmbeddingError, TimeoutError) as error:
        log.warning("knowledge.embedding_failed", model=ctx.embedder.model, error=str(error) or type(error).__name__)
        return []
    target = _unit(asked)
    scored = [(section, _likeness(target, vector)) for section, vector in zip(sections, known, strict=True)]
    return sorted([pair for pair in scored if pair[1] >= LEAST_LIKENESS], key=lambda pair: -pair[1])


async def _vectors_of(ctx: Context, embedder: Embedder, sections: Sequence[Section]) -> "list[array[float]]":
    """Each section's vector; what is not kept yet is asked for, batch by batch, so that a timeout loses one batch."""
    ids = [_id_of(embedder.model, section) for section in sections]
    kept = {key: _floats(raw) for key, raw in (await KnowledgeVector.kept(ids)).items()}
    missing = [(key, section) for key, section in dict(zip(ids, sections, strict=True)).items() if key not in kept]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        vectors = await embedder.embed([section.text for _, section in batch])
        for (key, section), vector in zip(batch, vectors, strict=True):
            kept[key] = _unit(vector)
            await _keep(ctx, embedder.model, key, section, kept[key])
    return [kept[key] for key in ids]


async def _keep(ctx: Context, model: str, key: PydanticObjectId, section: Section, vector: "array[float]") -> None:
    """Two replicas may keep the same one: it is the same."""
    row = KnowledgeVector(
        id=key, model=model, content_hash=_hash(section), vector=_bytes(vector), created_at=ctx.now()
    ).model_dump(exclude={"id"})
    await KnowledgeVector.collection().update_one({"_id": key}, {"$setOnInsert": row}, upsert=True)


def _id_of(model: str, section: Section) -> PydanticObjectId:
    return derived_id("knowledge_vector", model, _hash(section))


def _hash(section: Section) -> str:
    return sha256(section.text.encode()).hexdigest()


def _unit(vector: Vector) -> "array[float]":
    length = math.hypot(*vector) or 1.0
    return array("f", (part / length for part in vector))


def _likeness(one: "array[float]", other: "array[float]") -> float:
    """Cosine of two vectors of length one; a model that changed its dimension under the same name is like nothing."""
    return min(1.0, sum(map(operator.mul, one, other))) if len(one) == len(other) else 0.0


def _bytes(vector: "array[float]") -> bytes:
    stored = array("f", vector)
    if sys.byteorder == "big":
        stored.byteswap()
    return stored.tobytes()


def _floats(raw: bytes) -> "array[float]":
    vector = array("f")
    vector.frombytes(raw)
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
