"""Questions put to a folder of Markdown articles, through the product's own search and answering."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.context import Context
from app.domain import risks
from app.domain.personal_questions import is_personal
from app.errors import InvalidInputError
from app.evaluation.lines import QuestionLine
from app.evaluation.predictions import Progress
from app.llm.base import KnowledgeAnswer, LanguageModelError
from app.models.enums import ChannelType
from app.models.knowledge import KnowledgeArticle
from app.services import knowledge

HEADING = "# "
ENDINGS = (".md", ".markdown")
Pages = dict[str, str]
"""The file's name by the stored article's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`answer` and `page` are None when a person would have to answer."""

    id: str
    answer: str | None
    page: str | None

    def as_line(self) -> dict[str, Any]:
        """As `--predictions` writes it."""
        return {"id": self.id, "answered": self.answer is not None, "answer": self.answer or "", "page": self.page}


async def store_articles(ctx: Context, folder: Path) -> Pages:
    """Publish every Markdown file of a folder; raises InvalidInputError when there is none or one cannot be read."""
    listed = await asyncio.to_thread(lambda: list(folder.glob("*")))
    files = sorted(file for file in listed if file.suffix.lower() in ENDINGS and file.is_file())
    if not files:
        raise InvalidInputError(f"{folder} holds no article: it needs files whose names end in .md.")
    pages: Pages = {}
    for file in files:
        title, body = await asyncio.to_thread(read_article, file)
        article = KnowledgeArticle(title=title, body=body, created_at=ctx.now(), updated_at=ctx.now())
        await article.insert()
        pages[str(article.id)] = file.name
    return pages


def read_article(file: Path) -> tuple[str, str]:
    """Title and body of one file. Raises InvalidInputError when it is no text."""
    try:
        return _split(file.stem, file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} cannot be read as UTF-8 text.") from error


def _split(stem: str, text: str) -> tuple[str, str]:
    """The first heading of the first level is the title and leaves the body; without one, the file's name is."""
    lines = text.strip().splitlines()
    for number, line in enumerate(lines):
        if line.startswith(HEADING) and line.removeprefix(HEADING).strip():
            body = "\n".join(lines[:number] + lines[number + 1 :])
            return line.removeprefix(HEADING).strip(), body.strip()
    return stem.replace("-", " ").replace("_", " "), text.strip()


async def answer_all(
    ctx: Context, questions: Sequence[QuestionLine], pages: Pages, *, on_each: Progress
) -> list[Answered]:
    """Every question, one after the other, in the order of the lines."""
    answers = []
    for line in questions:
        found = await _found(ctx, line.question)
        page = pages.get(found.article_id) if found else None
        answers.append(Answered(id=line.id, answer=found.text if found else None, page=page))
        on_each()
    return answers


async def _found(ctx: Context, question: str) -> KnowledgeAnswer | None:
    try:
        return None if needs_person(question) else await knowledge.answer(ctx, question)
    except LanguageModelError:
        return None


def needs_person(question: str) -> bool:
    """Whether the rules stop it before any article is searched: a risk, the patient's own account or body, others."""
    return risks.look_for(text=question, channel=ChannelType.EMAIL).kind is not None or is_personal(question)
