"""The whole loop over HTTP against a real server: every status, message and number on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import start_server


@pytest.fixture(scope="module")
def clinic(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicByHttp]:
    with start_server(mongodb_uri, Path(tmp_path_factory.mktemp("server"))) as server:
        by_http = ClinicByHttp(server)
        by_http.set_up()
        yield by_http


def test_recall_from_due_to_recovered(clinic: ClinicByHttp) -> None:
    before = clinic.stats()
    patient_id, email = clinic.add_due_patient()
    campaign_id = _first_message(clinic, email)
    _reply_that_books(clinic, campaign_id, email)
    appointment_id = _booking(clinic, campaign_id, email)
    _visit(clinic, campaign_id, appointment_id, patient_id)

    after = clinic.stats()
    assert after["conversion_rates"]["recall_rate_percent"] == 100.0
    for number in ("recoveries", "appointments_booked_month"):
        assert after["kpis"][number] == before["kpis"][number] + 1
    for step in ("eligible", "contacted", "replied", "booked", "completed"):
        assert after["funnel"][step] == before["funnel"][step] + 1
    clinic.drain()
    assert "is booked for" in clinic.inbox(email)[-1]["body"]


def _first_message(clinic: ClinicByHttp, email: str) -> str:
    assert clinic.run("daily-outreach")["created"] == 1
    clinic.drain()
    assert len(clinic.inbox(email)) == 1
    campaign_id = clinic.campaign_of("Pat Example", email)
    details = clinic.details(campaign_id)
    assert (details["status"], details["campaign_type"]) == ("ATTEMPTING_RECOVERY", "RECALL")
    assert details["follow_up_details"]["attempts_made"] == 1
    assert details["follow_up_details"]["next_attempt_at"] is not None
    [sent] = clinic.history(campaign_id)
    assert (sent["direction"], sent["author"], sent["delivery"]) == ("outgoing", "ai", "sent")
    assert clinic.run("daily-outreach")["created"] == 0
    return campaign_id


def _reply_that_books(clinic: ClinicByHttp, campaign_id: str, email: str) -> None:
    clinic.answer(email, "Yes please, I would like to book an appointment")
    details = clinic.details(campaign_id)
    assert details["status"] == "RE_ENGAGED"
    assert details["booking_funnel"]["status"] == "FORM_SENT"
    _, reply, link = clinic.history(campaign_id)
    assert reply["ai_analysis"]["intent"] == "BOOKING_REQUEST"
    assert (link["direction"], link["author"], link["delivery"]) == ("outgoing", "ai", "sent")


def _booking(clinic: ClinicByHttp, campaign_id: str, email: str) -> str:
    appointment_id = clinic.book_by_link(clinic.inbox(email)[-1], clinic.free_time())
    details = clinic.details(campaign_id)
    assert details["status"] == "BOOKING_INITIATED"
    assert details["booking_funnel"]["status"] == "FORM_SUBMITTED"
    assert details["booking_funnel"]["submitted_at"] is not None
    return appointment_id


def _visit(clinic: ClinicByHttp, campaign_id: str, appointment_id: str, patient_id: str) -> None:
    done = f"/admin/appointments/{appointment_id}/complete"
    clinic.ok(clinic.staff.post(done, json={"next_follow_up_date": "2099-05-01"}))
    clinic.ok(clinic.staff.post(done))
    details = clinic.details(campaign_id)
    assert (details["status"], details["close_reason"]) == ("RECOVERED", "converted")
    patient = clinic.ok(clinic.staff.get(f"/admin/patients/{patient_id}"))
    assert patient["next_follow_up_date"] == "2099-05-01"
    assert [row["procedure_name"] for row in patient["treatment_history"]] == ["Check-up"]


def test_recovery_with_a_question_that_an_article_answers(clinic: ClinicByHttp) -> None:
    before = clinic.stats()
    campaign_id, email = clinic.open_recovery(value=350.0)
    assert clinic.stats()["kpis"]["active_recovery_campaigns"] == before["kpis"]["active_recovery_campaigns"] + 1
    clinic.drain()
    assert len(clinic.inbox(email)) == 1

    clinic.answer(email, "How much does whitening cost?")
    details = clinic.details(campaign_id)
    assert details["status"] == "RE_ENGAGED"
    assert details["booking_funnel"]["status"] == "FORM_SENT"
    _, question, answer = clinic.history(campaign_id)
    assert question["ai_analysis"]["intent"] == "QUESTION"
    assert "350" in answer["content"]
    assert len(answer["sources"]) == 1
    assert answer["confidence"] >= 0.5

    appointment_id = clinic.book_by_link(clinic.inbox(email)[-1], clinic.free_time())
    clinic.ok(clinic.staff.post(f"/admin/appointments/{appointment_id}/complete"))
    assert clinic.details(campaign_id)["status"] == "RECOVERED"
    after = clinic.stats()
    assert after["kpis"]["pipeline_value_recovered"] == before["kpis"]["pipeline_value_recovered"] + 350.0
    assert after["conversion_rates"]["recovery_rate_percent"] == 100.0
    assert after["kpis"]["active_recovery_campaigns"] == before["kpis"]["active_recovery_campaigns"]


def test_question_that_no_article_answers_goes_to_a_person(clinic: ClinicByHttp) -> None:
    before = clinic.stats()["kpis"]["handoffs_requiring_action"]
    campaign_id, email = clinic.open_recovery()
    clinic.drain()

    clinic.answer(email, "Do you have a spare parking permit for my trailer?")
    details = clinic.details(campaign_id)
    assert details["status"] == "HANDOFF_REQUIRED"
    assert "trailer" in details["handoff_details"]["patient_question"]
    assert clinic.stats()["kpis"]["handoffs_requiring_action"] == before + 1
    assert len(clinic.inbox(email)) == 2  # the first message, and one that a person will answer

    clinic.answer(email, "Hello? Anybody there?")
    assert len(clinic.inbox(email)) == 2
    assert clinic.details(campaign_id)["status"] == "HANDOFF_REQUIRED"

    body = {"message": "We do! See you soon.", "new_status": "RE_ENGAGED"}
    answered = clinic.ok(clinic.staff.post(f"/admin/campaigns/{campaign_id}/respond", json=body))
    assert answered["message"] == "Response sent successfully."
    clinic.drain()
    assert clinic.inbox(email)[-1]["body"] == "We do! See you soon."
    details = clinic.details(campaign_id)
    assert details["status"] == "RE_ENGAGED"
    assert details["handoff_details"]["resolved_at"] is not None
    assert clinic.stats()["kpis"]["handoffs_requiring_action"] == before


def test_decline_is_closed_politely_and_a_later_yes_reopens_it(clinic: ClinicByHttp) -> None:
    campaign_id, email = clinic.open_recovery()
    clinic.drain()

    clinic.answer(email, "No thank you, I am not interested any more.")
    details = clinic.details(campaign_id)
    assert (details["status"], details["close_reason"]) == ("RECOVERY_DECLINED", "declined")
    assert len(clinic.inbox(email)) == 2
    assert clinic.history(campaign_id)[1]["ai_analysis"]["intent"] == "SERVICE_DENIAL"

    clinic.answer(email, "Actually I changed my mind, I would like to book")
    assert clinic.details(campaign_id)["status"] == "RE_ENGAGED"
    assert "/book?t=" in clinic.inbox(email)[-1]["body"]


def test_stop_is_confirmed_once_and_nothing_follows(clinic: ClinicByHttp) -> None:
    campaign_id, email = clinic.open_recovery()
    clinic.drain()

    clinic.answer(email, "STOP")
    details = clinic.details(campaign_id)
    assert (details["status"], details["close_reason"]) == ("RECOVERY_DECLINED", "opted_out")
    assert len(clinic.inbox(email)) == 2
    clinic.answer(email, "stop")
    assert len(clinic.inbox(email)) == 2

    refused = clinic.staff.post(f"/admin/campaigns/{campaign_id}/respond", json={"message": "But wait!"})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "PATIENT_OPTED_OUT")
    clinic.drain()
    assert len(clinic.inbox(email)) == 2


def test_retries_used_up(mongodb_uri: str, tmp_path: Path) -> None:
    """Three attempts after 0, 3 and 10 days, then 14 days of silence: RECOVERY_FAILED, and no fourth message."""
    with start_server(mongodb_uri, tmp_path) as server:
        clinic = ClinicByHttp(server)
        clinic.set_up()
        campaign_id, email = clinic.open_recovery()
        for attempt, wait_days in enumerate((3, 7, 14), start=1):
            clinic.drain()
            assert len(clinic.inbox(email)) == attempt
            details = clinic.details(campaign_id)
            assert details["follow_up_details"]["attempts_made"] == attempt
            assert details["status"] == "ATTEMPTING_RECOVERY"
            server.forward(days=wait_days, minutes=1)
            clinic.sign_in_again()
        bodies = [message["body"].split("http")[0] for message in clinic.inbox(email)]
        assert len(set(bodies)) == 3

        clinic.drain()
        details = clinic.details(campaign_id)
        assert (details["status"], details["close_reason"]) == ("RECOVERY_FAILED", "unresponsive")
        assert len(clinic.inbox(email)) == 3
        assert clinic.stats()["conversion_rates"]["recovery_rate_percent"] == 0.0
        found = clinic.ok(clinic.staff.get("/admin/campaigns", params={"status": "RECOVERY_UNRESPONSIVE"}))
        assert [row["campaign_id"] for row in found["campaigns"]] == [campaign_id]
