"""A clinic set up and used through nothing but its HTTP interface and the sandbox."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2

from tests.server import RunningServer

WEEK = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PASSWORD = "a-provider-password"


@dataclass
class ClinicByHttp:
    """What a front desk and a patient can do from outside."""

    server: RunningServer
    staff: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.staff = self.server.sign_in()

    def set_up(self, **outreach: Any) -> None:
        """Facts, one service, one provider who always works, one article; the sending window is never closed."""
        policy = {"send_from": "00:00", "send_until": "24:00", "send_days": list(WEEK)} | outreach
        facts = {
            "name": "Willow Street Dental",
            "time_zone": "America/New_York",
            "emergency_phone": "+12025550199",
            "outreach": policy,
        }
        self.ok(self.staff.patch("/admin/clinic", json=facts))
        service = {"name": "Check-up", "duration_minutes": 30, "price": 90}
        self.ok(self.staff.put("/admin/services/checkup", json=service))
        user = {"name": "Dr Ada", "email": "ada@example.com", "password": PASSWORD, "role": "provider"}
        provider = self.ok(self.staff.post("/admin/users", json=user))["user_id"]
        schedule = {"weekly": WEEK, "services": ["checkup"]}
        self.ok(self.staff.put(f"/admin/providers/{provider}/schedule", json=schedule))
        article = {
            "title": "What does whitening cost?",
            "body": "Teeth whitening costs 350 dollars. It takes one visit of about an hour.",
            "tags": ["whitening", "price"],
        }
        self.ok(self.staff.post("/admin/knowledge", json=article))

    def ok(self, answer: httpx2.Response) -> Any:
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sign_in_again(self) -> None:
        """Tokens age with the server's clock."""
        self.staff = self.server.sign_in()

    def add_due_patient(self) -> tuple[str, str]:
        """An existing patient due yesterday: (patient_id, e-mail)."""
        email = f"pat-{uuid.uuid4().hex[:8]}@example.com"
        due = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        body = {"name": "Pat Example", "email": email, "patient_type": "EXISTING", "next_follow_up_date": due}
        return self.ok(self.staff.post("/admin/patients", json=body))["patient_id"], email

    def open_recovery(self, value: float = 400.0) -> tuple[str, str]:
        """A recovery campaign for a new lead: (campaign_id, e-mail)."""
        email = f"lead-{uuid.uuid4().hex[:8]}@example.com"
        body = {
            "patient_name": "Lea Lead",
            "patient_email": email,
            "initial_inquiry": "How much is whitening?",
            "estimated_value": value,
        }
        return self.ok(self.staff.post("/admin/campaigns/recovery", json=body))["campaign_id"], email

    def run(self, job: str) -> dict[str, Any]:
        result: dict[str, Any] = self.ok(self.staff.post(f"/admin/jobs/{job}/run"))
        return result

    def drain(self) -> dict[str, Any]:
        result: dict[str, Any] = self.ok(self.staff.post("/admin/jobs/drain", json={"ignore_window": True}))
        return result

    def inbox(self, address: str) -> list[dict[str, Any]]:
        """What the patient got, oldest first."""
        found: list[dict[str, Any]] = self.ok(self.staff.get("/sandbox/messages", params={"to": address}))["messages"]
        return found

    def answer(self, address: str, text: str) -> None:
        """The patient answers the newest message, and the clinic works until nothing is due."""
        newest = self.inbox(address)[-1]["id"]
        self.ok(self.staff.post("/sandbox/messages", json={"from": address, "body": text, "in_reply_to": newest}))
        self.drain()

    def campaign_of(self, patient_name: str, email: str) -> str:
        """The id of the only campaign that wrote to this address."""
        rows = self.ok(self.staff.get("/admin/campaigns", params={"q": patient_name, "limit": 100}))["campaigns"]
        sent = {message["id"] for message in self.inbox(email)}
        for row in rows:
            history = self.ok(self.staff.get(f"/admin/interactions/{row['campaign_id']}"))["interactions"]
            if sent & {item.get("external_id") for item in history} or self._wrote(history, email):
                return str(row["campaign_id"])
        raise AssertionError(f"no campaign wrote to {email}")

    def _wrote(self, history: list[dict[str, Any]], email: str) -> bool:
        bodies = tuple(message["body"] for message in self.inbox(email))  # a mail ends with a footer of its own
        return any(body.startswith(item["content"]) for item in history for body in bodies)

    def details(self, campaign_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ok(self.staff.get(f"/admin/campaigns/{campaign_id}"))["campaign_details"]
        return found

    def history(self, campaign_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ok(self.staff.get(f"/admin/campaigns/{campaign_id}"))["conversation_history"]
        return found

    def stats(self) -> dict[str, Any]:
        numbers: dict[str, Any] = self.ok(self.staff.get("/admin/dashboard-stats"))
        return numbers

    def free_time(self, day: date | None = None) -> str:
        """A free local time of the next days, as the booking form sends it."""
        when = day or (datetime.now(UTC) + timedelta(days=3)).date()
        query: dict[str, str | int] = {"month": when.month, "year": when.year, "service_id": "checkup"}
        free = self.ok(self.staff.get("/availability", params=query))
        return f"{when.isoformat()}T{free[when.isoformat()][8]}"

    def book_by_link(self, message: dict[str, Any], when: str) -> str:
        """Follow the link of a message and book: the appointment's id."""
        token = token_in(message["body"])
        page = httpx2.get(f"{self.server.base_url}/book", params={"t": token}, timeout=30)
        assert page.status_code == 200
        body = {
            "name": "Whoever",
            "email": "somebody-else@example.com",
            "service_name": "Check-up",
            "appointment_date": when,
            "token": token,
        }
        booked = self.ok(httpx2.post(f"{self.server.base_url}/api/v1/appointments/book", json=body, timeout=90))
        assert booked["message"] == "Appointment booked successfully."
        return str(booked["appointment_id"])


def token_in(body: str) -> str:
    """The booking link's token."""
    found = re.search(r"/book\?t=([A-Za-z0-9_-]+)", body)
    assert found, body
    return found[1]
