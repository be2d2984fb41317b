"""Providers that are away or refuse us, channels that stand still, a watch that lapsed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest

from app.context import Context
from app.models.enums import ChannelType, PauseReason
from app.models.invariant_reports import BrokenInvariant, InvariantReport
from app.models.recovery import SendingState
from app.services import doctor_peers
from app.services.doctor_findings import Verdict
from app.settings import Settings
from tests.conftest import make_settings
from tests.doctor.looking import leaves_sockets, look
from tests.peers.gmail import ADDRESS, serve_gmail
from tests.peers.openai import nobody_listens, serve_openai
from tests.peers.twilio import serve_twilio
from tests.peers.twilio_clinic import twilio_settings

pytestmark = leaves_sockets


class TestProviders:
    def asking(self, settings: Settings, **changes: Any) -> Settings:
        model = {"llm_providers": "openai", "openai_api_key": "key-1", "openai_model": "peer-1"}
        return make_settings(**(settings.model_dump() | model | changes))

    async def test_a_model_that_nobody_serves(self, sound: Settings) -> None:
        found = await look(self.asking(sound, openai_base_url=nobody_listens()))
        assert found["language model openai"].verdict is Verdict.PROBLEM
        assert "OPENAI_BASE_URL" in found["language model openai"].mend

    async def test_one_that_never_answers(self, sound: Settings) -> None:
        with serve_openai() as peer:
            peer.fail("timeout", times=9)
            settings = self.asking(sound, openai_base_url=peer.url, openai_deadline_seconds=0.5)
            found = await look(settings)
        assert found["language model openai"].verdict is Verdict.PROBLEM

    async def test_a_key_that_is_not_known(self, sound: Settings) -> None:
        with serve_openai() as peer:
            peer.fail("401", times=9)
            found = await look(self.asking(sound, openai_base_url=peer.url))
        assert "OPENAI_API_KEY" in found["language model openai"].mend
        assert "language model offline" not in found

    async def test_one_that_answers(self, sound: Settings) -> None:
        with serve_openai() as peer:
            found = await look(self.asking(sound, openai_base_url=peer.url))
        assert "language model openai" not in found

    async def test_twilio_that_does_not_know_the_token(self, sound: Settings) -> None:
        with serve_twilio() as peer:
            good = make_settings(**twilio_settings(sound, peer).model_dump())
            assert "channel sms" not in await look(good)
            bad = make_settings(**(good.model_dump() | {"twilio_auth_token": "canary-wrong-token"}))
            found = await look(bad)
        assert found["channel sms"].verdict is Verdict.PROBLEM
        assert "TWILIO_AUTH_TOKEN" in found["channel sms"].mend
        assert "canary" not in str(found)

    async def test_a_channel_that_stands_still(self, sound: Settings, mongodb_uri: str, migrated: str) -> None:
        stopped = {"is_stopped": True, "reason": "invalid_grant", "since": datetime(2026, 11, 20, 9, tzinfo=UTC)}
        with pymongo.MongoClient[dict[str, Any]](mongodb_uri) as client:
            client[migrated].channel_states.insert_one({"_id": ChannelType.EMAIL, "until": datetime.now(UTC)} | stopped)
            try:
                found = await look(sound)
            finally:
                client[migrated].channel_states.delete_many({})
        assert found["channel email"].says == "stands still since 2026-11-20 09:00 UTC: invalid_grant"

    async def test_jobs_that_nobody_leads_any_more(self, sound: Settings, mongodb_uri: str, migrated: str) -> None:
        leases = {"holder": "a:1", "since": None, "done_at": None}
        with pymongo.MongoClient[dict[str, Any]](mongodb_uri) as client:
            rows = client[migrated].job_leases
            try:
                lapsed = datetime.now(UTC) - timedelta(minutes=5)
                rows.replace_one({"_id": "scheduler"}, leases | {"until": lapsed}, upsert=True)
                idle = await look(sound)
                rows.update_one({"_id": "scheduler"}, {"$set": {"until": datetime.now(UTC) + timedelta(minutes=5)}})
                led = await look(sound)
            finally:
                rows.delete_many({})
        assert "SCHEDULER=on" in idle["jobs"].mend
        assert "jobs" not in led

    async def test_sending_that_is_paused_and_an_invariant_that_broke(self, ctx: Context) -> None:
        await SendingState.note(paused_because=PauseReason.OPERATOR)
        broken = BrokenInvariant(name="overlapping_appointments", count=1, first=["a"])
        await InvariantReport(checked_at=ctx.now(), took_ms=1, broken=[broken]).save()
        (paused,) = await doctor_peers.sending(ctx)
        (bad,) = await doctor_peers.invariants(ctx)
        assert (paused.verdict, paused.mend) == (Verdict.PROBLEM, "run `chairside recovery status`")
        assert (bad.verdict, bad.says) == (Verdict.PROBLEM, "broken on 2026-11-23: overlapping_appointments")
        await SendingState.note(paused_because=None)
        await InvariantReport(checked_at=ctx.now(), took_ms=1).save()
        well = [*await doctor_peers.sending(ctx), *await doctor_peers.invariants(ctx)]
        assert [each.verdict for each in well] == [Verdict.OK, Verdict.OK]

    async def test_a_check_that_no_longer_takes_place(self, ctx: Context) -> None:
        await InvariantReport(checked_at=ctx.now() - timedelta(hours=37), took_ms=1).save()
        (stale,) = await doctor_peers.invariants(ctx)
        assert (stale.verdict, stale.mend) == (Verdict.WARNING, "run `chairside run-job invariants`")

    async def test_a_watch_that_lapsed(
        self, sound: Settings, mongodb_uri: str, migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the peer's token endpoint is http, on this machine
        file = tmp_path / "gmail.json"
        with serve_gmail() as peer, pymongo.MongoClient[dict[str, Any]](mongodb_uri) as client:
            file.write_text(json.dumps(peer.credentials()["authorized_user"]))
            file.chmod(0o600)
            values = {
                "channel_email": "gmail",
                "gmail_mailbox": ADDRESS,
                "google_credentials_file": file,
                "gmail_api_url": peer.url,
                "gmail_pubsub_topic": "projects/clinic-project/topics/gmail",
            }
            states = client[migrated].mailbox_states
            lapsed = {
                "connected_at": datetime(2026, 1, 1, tzinfo=UTC),
                "watch_expires_at": datetime(2026, 1, 8, tzinfo=UTC),
            }
            try:
                states.replace_one({"_id": ADDRESS}, lapsed | {"alarms": ["watch_lapses"]}, upsert=True)
                found = await look(make_settings(**(sound.model_dump() | values)))
            finally:
                states.delete_many({})
        assert found["Gmail watch"].verdict is Verdict.PROBLEM
        assert found["Gmail watch"].mend == "run `chairside run-job gmail-watch`"
        assert found["Gmail alarm"].mend == "run `chairside run-job gmail-watch`"
        assert "Gmail credentials" not in found
