"""The mailbox inside the Gmail peer: messages, threads, drafts and history, in memory under one lock.

It keeps to what Google documents: history ids rise with gaps, own sends and drafts appear in history too, sending a
draft removes it and creates one SENT message under a new id, and a thread is kept only when the thread id, the
References and the subject agree.
"""

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from tests.peers.google_errors import GoogleError, invalid, not_found
from tests.peers.mail_search import matches, names_a_hidden_place
from tests.peers.mail_shapes import StoredMail

DAYS_OF_A_WATCH = 7
MESSAGE_IDS = re.compile(r"<[^<>\s]+>")
REPLY_PREFIX = re.compile(r"^\s*((re|fwd?|aw|sv|antw)\s*:\s*)+", re.IGNORECASE)


@dataclass
class Change:
    """One history record: `kind` is `messagesAdded`, `messagesDeleted`, `labelsAdded` or `labelsRemoved`."""

    id: int
    kind: str
    message: dict[str, Any]
    labels: list[str] = field(default_factory=list)
    """Those that were added or removed."""

    def shown(self) -> dict[str, Any]:
        """The record as history.list answers it."""
        told = {"message": self.message} | ({"labelIds": self.labels} if self.labels else {})
        return {"id": str(self.id), "messages": [_bare_name(self.message)], self.kind: [told]}


@dataclass
class Habits:
    """Switches that change how the mailbox behaves, not whether a request fails.

    `index_lag` (seconds) delays messages.list; `horizon` is the oldest startHistoryId that is still answered;
    `rewrites_message_id` replaces the Message-ID of what is sent, as Gmail is reported to do; `now` fixes the clock.
    """

    index_lag: float = 0.0
    horizon: int = 0
    rewrites_message_id: bool = True
    page_size: int = 100
    now: float | None = None


@dataclass
class Mailbox:
    """One mailbox. Every public method takes the lock; `effects` is append-only."""

    address: str
    habits: Habits = field(default_factory=Habits)
    messages: dict[str, StoredMail] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    history_id: int = 9_000_000_000
    watched_until: int = 0
    on_change: Callable[[int], None] = lambda _: None
    lock: Any = field(default_factory=threading.RLock)
    _chance: random.Random = field(default_factory=lambda: random.Random(7))

    def now(self) -> float:
        return self.habits.now if self.habits.now is not None else time.time()

    def note(self, operation: str, **facts: Any) -> None:
        """Append one effect."""
        self.effects.append({"n": len(self.effects), "at": time.time(), "operation": operation, **facts})

    def _fresh_id(self) -> str:
        return f"{self._chance.getrandbits(60) | 1 << 60:016x}"

    def _next_history_id(self) -> int:
        self.history_id += self._chance.randint(1, 40)
        return self.history_id

    def _record(self, kind: str, message: dict[str, Any], labels: list[str] | None = None) -> int:
        identifier = self._next_history_id()
        self.changes.append(Change(identifier, kind, message, labels or []))
        return identifier

    def _insert(self, raw: bytes, *, thread_id: str, labels: list[str], at: float | None = None) -> StoredMail:
        mail = StoredMail(
            id=self._fresh_id(),
            thread_id=thread_id,
            raw=raw,
            labels=labels,
            internal_date=int((self.now() if at is None else at) * 1000),
            history_id=0,
            added_at=time.time(),
        )
        mail.thread_id = thread_id or mail.id
        mail.history_id = self._record("messagesAdded", mail.labelled())
        self.messages[mail.id] = mail
        self.on_change(mail.history_id)
        return mail

    def _drop(self, message_id: str) -> None:
        mail = self.messages.pop(message_id)
        self._record("messagesDeleted", mail.labelled())

    def thread(self, thread_id: str) -> list[StoredMail]:
        return [mail for mail in self.messages.values() if mail.thread_id == thread_id]

    def _thread_of_ours(self, raw: bytes, wanted: str) -> str:
        """The thread that a message of ours joins; empty = a new one. Raises GoogleError for an unknown thread."""
        if not wanted:
            return ""
        thread = self.thread(wanted)
        if not thread:
            raise not_found()
        probe = StoredMail("", "", raw, [], 0, 0, 0.0)
        agrees = bool(_named(probe) & {m.header("Message-ID").strip() for m in thread})
        subjects = {_bare(m.header("Subject")) for m in thread}
        return wanted if agrees and _bare(probe.header("Subject")) in subjects else ""

    def deliver(
        self, raw: bytes, *, thread_id: str = "", labels: list[str] | None = None, at: float | None = None
    ) -> StoredMail:
        """Put somebody's mail in; without a thread it joins the one whose Message-IDs it names."""
        with self.lock:
            probe = StoredMail("", "", raw, [], 0, 0, 0.0)
            named = _named(probe)
            known = (m.thread_id for m in self.messages.values() if m.header("Message-ID").strip() in named)
            thread = thread_id or next(known, "")
            mail = self._insert(raw, thread_id=thread, labels=labels or ["INBOX", "UNREAD"], at=at)
            self.note("deliver", id=mail.id, thread=mail.thread_id)
            return mail

    def create_draft(self, raw: bytes, thread_id: str) -> tuple[str, StoredMail]:
        with self.lock:
            thread = self._thread_of_ours(raw, thread_id)
            mail = self._insert(raw, thread_id=thread, labels=["DRAFT"])
            identifier = f"r{self._chance.getrandbits(62)}"
            self.drafts[identifier] = mail.id
            self.note("drafts.create", draft=identifier, thread=mail.thread_id, outbox_id=mail.header("X-Outbox-Id"))
            return identifier, mail

    def draft(self, identifier: str) -> StoredMail:
        with self.lock:
            if identifier not in self.drafts:
                raise not_found()
            return self.messages[self.drafts[identifier]]

    def send_draft(self, identifier: str) -> StoredMail:
        """Send it once: a draft that was sent, deleted or never existed answers 404 (trust.md 2.4, M4)."""
        with self.lock:
            draft = self.draft(identifier)
            _refuse_without_recipient(draft)
            self._drop(self.drafts.pop(identifier))
            return self._send(draft.raw, draft.thread_id, "drafts.send", draft=identifier)

    def delete_draft(self, identifier: str) -> None:
        with self.lock:
            self.draft(identifier)
            self._drop(self.drafts.pop(identifier))
            self.note("drafts.delete", draft=identifier)

    def send(self, raw: bytes, thread_id: str) -> StoredMail:
        with self.lock:
            _refuse_without_recipient(StoredMail("", "", raw, [], 0, 0, 0.0))
            return self._send(raw, self._thread_of_ours(raw, thread_id), "messages.send")

    def _send(self, raw: bytes, thread_id: str, operation: str, **facts: Any) -> StoredMail:
        mail = self._insert(self._as_sent(raw), thread_id=thread_id, labels=["SENT"])
        outbox_id = mail.header("X-Outbox-Id")
        self.note(operation, id=mail.id, thread=mail.thread_id, to=mail.header("To"), outbox_id=outbox_id, **facts)
        return mail

    def _as_sent(self, raw: bytes) -> bytes:
        head, separator, body = _split(raw)
        lines = [line for line in head if not (self.habits.rewrites_message_id and _is(line, "message-id"))]
        if not any(_is(line, "message-id") for line in lines):
            lines.append(f"Message-ID: <CA+{self._fresh_id()}@mail.gmail.example>".encode())
        if not any(_is(line, "date") for line in lines):
            lines.append(f"Date: {formatdate(self.now())}".encode())
        return separator.join(lines) + separator * 2 + body

    def history(self, since: int, *, kinds: list[str], label: str) -> list[dict[str, Any]]:
        """History records after `since`, in order. Raises GoogleError (404) when that is below the horizon."""
        with self.lock:
            if since < self.habits.horizon:
                raise not_found()
            return [
                c.shown()
                for c in self.changes
                if c.id > since and (not kinds or c.kind in kinds) and (not label or label in c.message["labelIds"])
            ]

    def search(self, query: str, *, labels: list[str], everywhere: bool) -> list[StoredMail]:
        """Newest first; what is younger than the index lag is not found yet."""
        with self.lock:
            seen = [m for m in self.messages.values() if time.time() - m.added_at >= self.habits.index_lag]
            hidden = not everywhere and not names_a_hidden_place(query)
            found = [
                m
                for m in seen
                if not (hidden and {"SPAM", "TRASH"} & set(m.labels))
                and set(labels) <= set(m.labels)
                and matches(m, query, now=self.now())
            ]
            return sorted(found, key=lambda m: (m.internal_date, m.history_id), reverse=True)

    def message(self, message_id: str) -> StoredMail:
        with self.lock:
            if message_id not in self.messages:
                raise not_found()
            return self.messages[message_id]

    def remove(self, message_id: str) -> None:
        """A person deletes a message for good."""
        with self.lock:
            self.message(message_id)
            self._drop(message_id)

    def relabel(self, message_id: str, *, add: list[str], remove: list[str]) -> None:
        """A person moves a message, such as out of the spam."""
        with self.lock:
            mail = self.message(message_id)
            mail.labels = [label for label in mail.labels if label not in remove] + add
            for kind, labels in (("labelsRemoved", remove), ("labelsAdded", add)):
                if labels:
                    mail.history_id = self._record(kind, mail.labelled(), labels)
            self.on_change(mail.history_id)

    def watch(self, topic: str) -> dict[str, str]:
        """Begin or renew the watch. Raises GoogleError (400) without a topic's full name."""
        with self.lock:
            if not re.fullmatch(r"projects/[^/]+/topics/[^/]+", topic):
                raise GoogleError(400, message="Invalid topicName does not match projects/*/topics/*")
            self.watched_until = int((self.now() + DAYS_OF_A_WATCH * 86_400) * 1000)
            self.note("watch", topic=topic, expiration=self.watched_until)
            return {"historyId": str(self.history_id), "expiration": str(self.watched_until)}

    def stop(self) -> None:
        with self.lock:
            self.watched_until = 0
            self.note("stop")

    @property
    def is_watched(self) -> bool:
        return self.watched_until > self.now() * 1000


def _refuse_without_recipient(mail: StoredMail) -> None:
    if not mail.header("To").strip():
        raise invalid("Recipient address required")


def _named(mail: StoredMail) -> set[str]:
    return set(MESSAGE_IDS.findall(f"{mail.header('References')} {mail.header('In-Reply-To')}"))


def _bare(subject: str) -> str:
    return REPLY_PREFIX.sub("", subject).strip().casefold()


def _bare_name(message: dict[str, Any]) -> dict[str, Any]:
    return {name: message[name] for name in ("id", "threadId")}


def _split(raw: bytes) -> tuple[list[bytes], bytes, bytes]:
    """The header lines (folded ones joined to theirs), the line end in use, and the body."""
    separator = b"\r\n" if b"\r\n" in raw else b"\n"
    head, _, body = raw.partition(separator * 2)
    lines: list[bytes] = []
    for line in head.split(separator):
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1] += separator + line
        else:
            lines.append(line)
    return lines, separator, body


def _is(line: bytes, name: str) -> bool:
    return line.partition(b":")[0].strip().lower() == name.encode()
