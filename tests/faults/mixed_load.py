"""A clinic group's day in small: patients write, visitors book, staff change things, campaigns are opened and sent.

Whatever was acknowledged is written into the ledger, and `load_truth` holds it against the database afterwards.
"""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from app.security import sign_body
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.faults.callers import Callers
from tests.server import INCOMING_SECRET, RunningServer

API = "/api/v1"
WEBHOOK = f"{API}/webhooks/incoming-message"
FIRST_DAY, LAST_DAY = 2, 100
"""Visits are booked so many days ahead."""
WORDS = ("Thank you very much", "How much is whitening?", "What does a check-up cost?", "Thanks, I will think about it")
PEOPLE = 24


@dataclass
class Ledger:
    """What clients were told. Visits: the start that was promised, None for one that was cancelled."""

    messages: dict[str, str] = field(default_factory=dict)
    campaigns: dict[str, str] = field(default_factory=dict)
    visits: dict[str, datetime | None] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    unanswered: set[datetime] = field(default_factory=set)
    """The starts of visits that were booked, as their clients were told; which they are was lost with the answer."""
    strangers: set[str] = field(default_factory=set)
    """Messages that others handed over meanwhile: they may be there."""


@dataclass
class MixedLoad:
    """Clients in a closed loop, each with a pause between its calls. `pause` is in seconds."""

    callers: Callers
    people: list[dict[str, str]]
    pause: float
    chance: random.Random = field(default_factory=lambda: random.Random(8))
    ledger: Ledger = field(default_factory=Ledger)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Two of each kind of client; each has people and visits of its own."""
        halves = (self.people[::2], self.people[1::2])
        desks = [_OpensCampaigns(self) for _ in halves]
        acts: list[Callable[[], Awaitable[None]]] = [desk.act for desk in desks]
        acts += [_Writes(self, desk).act for desk in desks]
        acts += [_Books(self, half).act for half in halves]
        acts += [_Annotates(self, half).act for half in halves]
        self._tasks = [asyncio.create_task(self._repeat(act)) for act in (*acts, _Sends(self).act)]

    async def stop(self) -> None:
        """Every client finishes what it began: nothing stays unanswered."""
        self.over.set()
        await asyncio.gather(*self._tasks)

    async def _repeat(self, act: Callable[[], Awaitable[None]]) -> None:
        while not self.over.is_set():
            await act()
            await asyncio.sleep(self.pause * (0.5 + self.chance.random()))

    async def by_staff(self, kind: str, method: str, path: str, **request: Any) -> httpx2.Response:
        headers = self.callers.staff | {"Idempotency-Key": uuid.uuid4().hex}
        return await self.callers.until_acknowledged(kind, method, f"{API}/admin{path}", headers=headers, **request)


@dataclass
class _OpensCampaigns:
    """The front desk opens a recovery for a new lead."""

    load: MixedLoad
    leads: list[str] = field(default_factory=list)

    async def act(self) -> None:
        email = f"lead-{uuid.uuid4().hex[:12]}@example.com"
        body = {
            "patient_name": "Lea Lead",
            "patient_email": email,
            "initial_inquiry": "Whitening",
            "estimated_value": 9,
        }
        answer = await self.load.by_staff("campaign", "POST", "/campaigns/recovery", json=body)
        if answer.status_code == 201:
            self.load.ledger.campaigns[answer.json()["campaign_id"]] = email
            self.leads.append(email)
        else:
            assert _was_done(answer), answer.text


@dataclass
class _Writes:
    """Leads answer by another provider, which delivers until it hears 200, and now and then once more."""

    load: MixedLoad
    desk: _OpensCampaigns

    async def act(self) -> None:
        if not self.desk.leads:
            return
        external_id, chance = uuid.uuid4().hex, self.load.chance
        text = f"{chance.choice(WORDS)} {external_id}"
        sender = chance.choice(self.desk.leads[-8:])
        body = {"channel": "email", "thread_id": sender, "external_id": external_id, "from": sender}
        raw = json.dumps(body | {"message_content": text}).encode()
        for _ in range(chance.choice((1, 1, 2))):
            answer = await self.load.callers.until_acknowledged("webhook", "POST", WEBHOOK, **signed(raw))
            assert answer.status_code == 200, answer.text
            self.load.ledger.messages[external_id] = text


@dataclass
class _Books:
    """Patients book on the public site; the desk cancels and moves some of those visits."""

    load: MixedLoad
    people: list[dict[str, str]]
    mine: list[str] = field(default_factory=list)

    async def act(self) -> None:
        chance = self.load.chance.random()
        if self.mine and chance < 0.35:
            await self._cancel(self.mine.pop(self.load.chance.randrange(len(self.mine))))
        elif self.mine and chance < 0.5:
            await self._move(self.load.chance.choice(self.mine))
        else:
            await self._book()

    async def _book(self) -> None:
        person, start = self.load.chance.choice(self.people), self._start()
        body = {"name": person["name"], "email": person["email"], "service_name": "checkup"}
        body["appointment_date"] = start.isoformat()
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        path = f"{API}/appointments/book"
        answer = await self.load.callers.until_acknowledged("booking", "POST", path, json=body, headers=headers)
        if answer.status_code == 200:
            visit = answer.json()["appointment_id"]
            self.load.ledger.visits[visit] = start
            self.mine.append(visit)
        elif _was_done(answer):
            self.load.ledger.unanswered.add(start)
        else:
            assert answer.status_code == 409, answer.text

    async def _cancel(self, visit: str) -> None:
        answer = await self.load.by_staff("cancellation", "POST", f"/appointments/{visit}/cancel")
        assert answer.is_success or _was_done(answer), answer.text
        self.load.ledger.visits[visit] = None

    async def _move(self, visit: str) -> None:
        start = self._start()
        body = {"appointment_date": start.isoformat()}
        answer = await self.load.by_staff("move", "POST", f"/appointments/{visit}/reschedule", json=body)
        if answer.is_success or _was_done(answer):
            self.load.ledger.visits[visit] = start
        else:
            assert answer.status_code == 409, answer.text

    def _start(self) -> datetime:
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        chance = self.load.chance
        return day + timedelta(days=chance.randint(FIRST_DAY, LAST_DAY), minutes=30 * chance.randrange(48))


@dataclass
class _Annotates:
    """Staff write into the records of patients, each time something else."""

    load: MixedLoad
    people: list[dict[str, str]]

    async def act(self) -> None:
        patient, text = self.load.chance.choice(self.people)["id"], uuid.uuid4().hex
        answer = await self.load.by_staff("record", "PATCH", f"/patients/{patient}", json={"notes": text})
        assert answer.is_success, answer.text
        self.load.ledger.notes[patient] = text


@dataclass
class _Sends:
    """Somebody has what is due queued without waiting for the timetable; its replicas send it."""

    load: MixedLoad

    async def act(self) -> None:
        await self.load.callers.once(
            "due-scan", "POST", f"{API}/admin/jobs/due-scan/run", headers=self.load.callers.staff
        )


def _was_done(answer: httpx2.Response) -> bool:
    """The first try was committed, and its answer was lost on the way."""
    return answer.status_code == 409 and answer.json()["error_code"] == "IDEMPOTENT_ANSWER_LOST"


def signed(body: bytes) -> dict[str, Any]:
    """A message of another provider with its signature, as arguments of a request."""
    now = int(time.time())
    mark = f"t={now},v1={sign_body(INCOMING_SECRET, timestamp=now, body=body)}"
    return {"content": body, "headers": {"X-Chairside-Signature": mark, "Content-Type": "application/json"}}


def open_clinic(server: RunningServer) -> tuple[dict[str, str], list[dict[str, str]]]:
    """A clinic that is always open, its admin's header, and patients who are known to it."""
    clinic = ClinicByHttp(server)
    clinic.set_up()
    people = []
    for number in range(PEOPLE):
        person = {"name": f"Pat Example {number}", "email": f"pat-{number}@example.com"}
        made = clinic.ok(clinic.staff.post("/admin/patients", json=person | {"patient_type": "EXISTING"}))
        people.append(person | {"id": made["patient_id"]})
    return {"Authorization": clinic.staff.headers["Authorization"]}, people
