"""Every rule by which a message is sent, held back or refused, as a sentence for staff (domain.md sections 4 and 5)."""

SENTENCES: dict[str, str] = {
    # Judged at the moment of sending
    "all_rules_passed": "No rule stands against writing now.",
    "answers_go_at_once": "An answer to what the patient wrote goes out at once.",
    "status_changed": "The campaign moved on: it no longer waits for this message.",
    "opted_out": "The patient, or the guardian who reads for them, asked not to be written to on this channel.",
    "no_usable_address": "There is no address left that works: it bounced or was removed.",
    "future_visit_booked": "The patient already has a visit booked.",
    "reply_received": "The patient wrote, and that is read first.",
    "daily_limit": "The patient already got as many messages today as the clinic allows.",
    "weekly_limit": "The patient already got as many messages in seven days as the clinic allows.",
    "household_written_today": "Somebody who shares this address was already written to today.",
    "one_message_a_day": "This address or this patient was already written to today.",
    "outside_sending_window": "It is outside the clinic's sending hours: the message waits until they begin.",
    "plan_was_moved": "The next message was planned for later after this one had been written.",
    "handed_over": "A person looks after this conversation: the assistant stays silent.",
    "attempts_used_up": "Every attempt was made without an answer.",
    "agent_failed": "The message could not be written: it is tried again later.",
    # Judged by the daily job
    "no_usable_channel": "No preferred channel has an address that works and was not stopped.",
    # What a withdrawn or failed message says of itself
    "attempts_exhausted": "The campaign ended without an answer, so that what still waited was withdrawn.",
    "patient_replied": "The patient replied, so that what still waited was withdrawn.",
    "patient_reconsidered": "The patient wants to come after all, so that what still waited was withdrawn.",
    "patient_declined": "The patient declined, so that what still waited was withdrawn.",
    "human_needed": "The conversation was handed over, so that what still waited was withdrawn.",
    "patient_booked": "The patient booked, so that what still waited was withdrawn.",
    "visit_completed": "The visit took place, so that what still waited was withdrawn.",
    "appointment_withdrawn": "The visit was withdrawn, and with it what still waited.",
    "staff_released": "Staff gave the conversation back, so that what still waited was withdrawn.",
    "staff_kept": "Staff kept the conversation, so that what still waited was withdrawn.",
    "staff_finished": "Staff finished the campaign, so that what still waited was withdrawn.",
    "staff_declined": "Staff closed the campaign, so that what still waited was withdrawn.",
    "booked_elsewhere": "The patient booked elsewhere, so that what still waited was withdrawn.",
    "staff_answered": "Staff answered, so that what still waited was withdrawn.",
    "sending_failed": "The channel could not send it, however often it was tried.",
    "recipient_refused": "The address refused the message: it is not used again.",
    "channel_not_configured": "This channel is not set up.",
    "provider_does_not_know_it": "Nobody can say whether the message left: it is not sent again by itself.",
    # What would be decided at this moment
    "record_merged": "This record was merged into another one, which is written to in its place.",
    "record_erased": "This patient's data was erased.",
    "opted_out_everywhere": "The patient asked not to be written to on any channel that they prefer.",
    "visit_awaited": "The patient booked through this campaign: it waits for the visit.",
    "message_waiting": "A message is already written and waits to leave.",
    "next_attempt_planned": "The next message is planned for later.",
    "patients_turn": "It is the patient's turn: nothing is planned.",
    "no_follow_up_date": "No check-up date is set for this patient.",
    "follow_up_served": "A campaign already served this check-up date.",
    "follow_up_to_come": "The next check-up is not due yet.",
    "declined_before": "The patient declined earlier: nobody writes first again.",
    "recoveries_used_up": "As many attempts to win this patient as the clinic allows were made.",
    "cool_down": "An earlier campaign ended too recently.",
    "campaign_due": "The next daily run opens a campaign for this patient.",
    "looked_at_before": "The daily run looked at this and could not write. It looks again when the record changes.",
}


def sentence_of(rule: str) -> str:
    """The rule in words; one that has none is named, so that an old row never breaks a page."""
    return SENTENCES.get(rule) or f"Rule {rule}."
