"""The audit log in a reader's words: what was done, and where the page of its subject is."""

VERBS = {
    "read": "looked at",
    "listed": "list looked at",
    "put": "saved",
    "noted": "note added",
    "answered": "answered by a person",
    "previewed": "preview looked at",
    "next_message_previewed": "next message looked at",
    "report_read": "report looked at",
    "drained": "worked off",
    "run": "run by hand",
}
SUBJECTS = {
    "patient_import": "Import",
    "patients": "Patients",
    "inbox": "Unclear messages",
    "today": "Today's page",
    "audit": "Audit log",
    "campaign_batch": "Bulk action",
    "waitlist": "Waiting list",
    "question": "Unanswered question",
    "knowledge": "Article",
    "appointment": "Visit",
    "jobs": "Jobs",
    "demo": "Demo",
}
PAGES = {
    "patient": "/staff/patients/",
    "campaign": "/staff/campaigns/",
    "patient_import": "/staff/imports/",
    "user": "/staff/settings/users/",
    "service": "/staff/settings/services/",
}
ACTORS = {"agent": "The assistant", "system": "Chairside itself"}
LISTS = frozenset({"list", "schedule", "clinic"})
"""What stands for an id where a row is about many things, or about the only one."""


def in_words(action: str) -> str:
    """`Visit: cancelled` for `appointment.cancelled`; an action that nobody named is read as it is written."""
    subject, _, verb = action.partition(".")
    said = SUBJECTS.get(subject, subject.replace("_", " ").capitalize())
    return f"{said}: {VERBS.get(verb, verb.replace('_', ' '))}" if verb else said


def page_of(document_type: str, document_id: str) -> str:
    """The address of what a row is about; empty where it has no page of its own."""
    known = PAGES.get(document_type, "")
    return f"{known}{document_id}" if known and document_id not in LISTS else ""


def who(actor: str, names: dict[str, str]) -> str:
    """The name of whoever did it; the code of an account that is no more."""
    return names.get(actor) or ACTORS.get(actor, actor)
