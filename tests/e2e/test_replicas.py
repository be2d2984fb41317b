"""Three app processes on a three-member set behind the round-robin: the whole product works as if it were one."""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import pytest

from app.jobs.scheduler import LEADS_FOR
from app.models.operations import LEADER
from app.web.staff.session import COOKIE
from tests.api.signing import signature
from tests.cluster import REPLICAS, Cluster, start_cluster, stop
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.replica_set import ReplicaSet
from tests.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer

pytestmark = pytest.mark.timeout(600)  # three processes start, on a busy machine
HAPPENS_WITHIN_SECONDS = 90
STREAM = {"Accept": "text/event-stream"}
TRIES_BEFORE_THE_LIMIT = 5


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One group for all tests: each leaves three replicas behind that are ready."""
    folder = tmp_path_factory.mktemp("cluster")
    with (
        ReplicaSet(folder / "mongo") as members,
        start_cluster(members.uri, folder, RATE_LIMITS="on", LOG_LEVEL="ERROR") as started,
    ):
        yield started
        for server in started.servers:
            server.stop()
        members.kill_all()  # a primary that is asked to end waits for a successor, and nobody needs one


@pytest.fixture(scope="module")
def clinic(cluster: Cluster) -> ClinicByHttp:
    by_http = ClinicByHttp(cluster.servers[0])
    by_http.set_up()
    return by_http


@pytest.fixture
def staff(cluster: Cluster) -> Iterator[list[httpx2.Client]]:
    """The admin, signed in once, with a client for each replica."""
    signed_in = cluster.sign_in()
    clients = [
        httpx2.Client(base_url=f"{server.base_url}/api/v1", headers=signed_in.headers, timeout=60)
        for server in cluster.servers
    ]
    yield clients
    for client in (signed_in, *clients):
        client.close()


def until(happened: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + HAPPENS_WITHIN_SECONDS
    while not (answer := happened()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return answer


def at_once(calls: Sequence[Callable[[], httpx2.Response]]) -> list[httpx2.Response]:
    """Every call from a thread of its own, let loose together."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], httpx2.Response]) -> httpx2.Response:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as callers:
        return list(callers.map(run, calls))


class TestSessions:
    def test_a_token_of_one_is_good_everywhere_and_ends_everywhere(self, staff: list[httpx2.Client]) -> None:
        assert [client.get("/users/me").status_code for client in staff] == [200] * REPLICAS
        assert staff[1].post("/auth/logout").status_code == 204
        assert [client.get("/users/me").status_code for client in staff] == [401] * REPLICAS

    def test_a_page_of_the_dashboard_opens_on_any(self, cluster: Cluster) -> None:
        with httpx2.Client(base_url=cluster.base_url, timeout=60) as browser:
            browser.post("/staff/sign-in", data={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
            cookies = {COOKIE: browser.cookies[COOKIE]}
        for server in cluster.servers:
            with httpx2.Client(base_url=server.base_url, cookies=cookies, timeout=60) as page:
                assert page.get("/staff").status_code == 200

    def test_wrong_passwords_are_counted_together(self, cluster: Cluster) -> None:
        body = {"email": "nobody@example.com", "password": "a-wrong-password"}
        answers = []
        for number in range(TRIES_BEFORE_THE_LIMIT + REPLICAS):
            server = cluster.servers[number % REPLICAS]
            answers.append(httpx2.post(f"{server.base_url}/api/v1/auth/login", json=body, timeout=60).status_code)
        assert answers == [401] * TRIES_BEFORE_THE_LIMIT + [429] * REPLICAS


class TestLiveEvents:
    @contextmanager
    def listening(self, http: httpx2.Client, **headers: str) -> Iterator[Iterator[dict[str, str]]]:
        with http.stream("GET", "/admin/events", headers=STREAM | headers, timeout=HAPPENS_WITHIN_SECONDS) as answer:
            assert answer.status_code == 200
            assert answer.headers["X-Accel-Buffering"] == "no"  # or nginx would keep the events to itself
            yield self.events(answer)

    def events(self, answer: httpx2.Response) -> Iterator[dict[str, str]]:
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "event" in fields:
                yield fields
                fields = {}

    def said_of(self, events: Iterator[dict[str, str]], campaign_id: str) -> str:
        """The id of the event that tells of this campaign's reply."""
        for event in events:
            if event["event"] == "reply" and json.loads(event["data"])["campaign_id"] == campaign_id:
                return event["id"]
        raise AssertionError("the stream ended")

    def reply(self, clinic: ClinicByHttp) -> str:
        """A patient writes by the first replica; whichever works the inbox takes it in."""
        campaign_id, email = clinic.open_recovery()
        body = {"from": email, "body": "What does whitening cost?"}
        clinic.ok(clinic.staff.post("/sandbox/messages", json=body))
        return campaign_id

    def test_what_happens_at_one_is_heard_at_another_and_taken_up_at_a_third(
        self, clinic: ClinicByHttp, staff: list[httpx2.Client]
    ) -> None:
        with self.listening(staff[1]) as events:
            assert next(events)["event"] == "ready"
            seen = self.said_of(events, self.reply(clinic))
        missed = self.reply(clinic)
        with self.listening(staff[2], **{"Last-Event-ID": seen}) as events:
            assert next(events)["event"] == "ready"
            assert self.said_of(events, missed) > seen

    def test_by_the_round_robin_too(self, clinic: ClinicByHttp, cluster: Cluster) -> None:
        with closing(cluster.sign_in()) as http, self.listening(http) as events:
            assert next(events)["event"] == "ready"
            assert self.said_of(events, self.reply(clinic))


class TestBookings:
    def visit(self, when: str) -> dict[str, Any]:
        return {
            "name": "Lena Lead",
            "email": f"lena-{uuid.uuid4().hex[:8]}@example.com",
            "preferred_channel": "email",
            "service_name": "checkup",
            "appointment_date": when,
            "duration_minutes": 30,
            "notes": "",
        }

    def day(self, ahead: int) -> date:
        return (datetime.now(UTC) + timedelta(days=ahead)).date()

    def test_one_time_of_one_provider_goes_to_one_patient(
        self, clinic: ClinicByHttp, staff: list[httpx2.Client]
    ) -> None:
        when = clinic.free_time(self.day(5))
        calls = [
            partial(client.post, "/admin/appointments", json=self.visit(when)) for client in staff for _ in range(4)
        ]
        answers = Counter(answer.status_code for answer in at_once(calls))
        assert answers == {201: 1, 409: len(calls) - 1}

    def test_one_key_is_one_visit(self, clinic: ClinicByHttp, staff: list[httpx2.Client]) -> None:
        body, headers = self.visit(clinic.free_time(self.day(6))), {"Idempotency-Key": uuid.uuid4().hex}
        calls = [partial(client.post, "/admin/appointments", json=body, headers=headers) for client in staff]
        answers = at_once(calls)
        assert [answer.status_code for answer in answers] == [201] * REPLICAS
        assert len({answer.json()["appointment_id"] for answer in answers}) == 1


class TestMessages:
    PATIENTS = 20

    def test_each_leaves_once_and_is_read_once(self, clinic: ClinicByHttp, cluster: Cluster) -> None:
        """Three inboxes and three outboxes at work; each message comes in twice, at two replicas, at one moment."""
        with ThreadPoolExecutor(4) as desk:
            leads = list(desk.map(lambda _: clinic.open_recovery(), range(self.PATIENTS)))
        clinic.run("due-scan")
        with cluster.servers[0].database() as database:
            mine = {"to": {"$in": [email for _, email in leads]}, "is_sent": True}
            until(lambda: database["sandbox_messages"].count_documents(mine) >= len(leads), "nothing was sent")
            for campaign_id, email in leads:
                body = json.dumps(self.answer(campaign_id, email)).encode()
                twice = [partial(self.post, server, body) for server in cluster.servers[:2]]
                assert [answer.status_code for answer in at_once(twice)] == [200, 200]
            until(lambda: database["sandbox_messages"].count_documents(mine) >= 2 * len(leads), "nothing was answered")
            until(lambda: not database["inbound_events"].count_documents({"state": "RECEIVED"}), "events are left")
            waiting = {"state": {"$in": ["PENDING", "DRAFTED", "SENDING"]}}
            until(lambda: not database["outbound_messages"].count_documents(waiting), "mail is left")
            sent = Counter(row["to"] for row in database["sandbox_messages"].find(mine))
            assert sent == Counter({email: 2 for _, email in leads})
            said = [campaign for campaign, _ in leads if len(clinic.history(campaign)) == 3]
            assert len(said) == len(leads)

    def answer(self, campaign_id: str, email: str) -> dict[str, str]:
        return {
            "channel": "email",
            "thread_id": f"thread-{campaign_id}",
            "external_id": f"answer-{campaign_id}",
            "from": email,
            "message_content": "Yes, I would like to book",
        }

    def post(self, server: RunningServer, body: bytes) -> httpx2.Response:
        url = f"{server.base_url}/api/v1/webhooks/incoming-message"
        return httpx2.post(url, content=body, headers=signature(body, at=datetime.now(UTC)), timeout=60)


class TestLeader:
    def leader(self, cluster: Cluster) -> RunningServer:
        """The replica that holds the lease; its process id is in the holder's name."""

        def find() -> RunningServer | None:
            with cluster.servers[0].database() as database:
                lease = database["job_leases"].find_one({"_id": LEADER}) or {"holder": "::"}
            pid = lease["holder"].split(":")[1]
            return next((server for server in cluster.servers if str(server.process.pid) == pid), None)

        found: RunningServer = until(find, "nobody leads")
        return found

    def test_another_leads_when_it_is_killed(self, cluster: Cluster) -> None:
        first = self.leader(cluster)
        first.kill()
        try:
            first.forward(seconds=LEADS_FOR.total_seconds() + 1)
            until(lambda: self.leader(cluster) is not first, "nobody followed")
        finally:
            cluster.start_again(first)

    def test_another_leads_at_once_when_it_is_stopped(self, cluster: Cluster) -> None:
        """Nobody waits for the lease: the clock stands where it stood."""
        first = self.leader(cluster)
        ended = stop(first)
        try:
            began = time.monotonic()
            until(lambda: self.leader(cluster) is not first, "nobody followed")
            assert (ended.code, time.monotonic() - began < LEADS_FOR.total_seconds()) == (0, True)
        finally:
            cluster.start_again(first)


class TestRoundRobin:
    def test_a_dead_replica_is_out_and_comes_back(self, cluster: Cluster) -> None:
        dead = cluster.servers[1]
        dead.kill()
        try:
            codes = Counter(self.ask(cluster) for _ in range(10 * REPLICAS))
            assert codes == {200: 10 * REPLICAS}
        finally:
            cluster.start_again(dead)
        before = self.requests(dead)
        for _ in range(10 * REPLICAS):
            assert self.ask(cluster) == 200
        assert self.requests(dead) > before

    def ask(self, cluster: Cluster) -> int:
        """Over a connection of its own each time."""
        return httpx2.get(f"{cluster.base_url}/book", timeout=60).status_code

    def requests(self, server: RunningServer) -> float:
        """How many requests the replica itself has counted."""
        lines = httpx2.get(f"{server.base_url}/metrics", timeout=60).text.splitlines()
        mine = [line for line in lines if line.startswith("http_requests_total{") and '"/book"' in line]
        return sum(float(line.rpartition(" ")[2]) for line in mine)
