"""Which role may do what: one table, read by every route (api.md section 1)."""

from enum import StrEnum

from app.models.enums import Role


class Right(StrEnum):
    READ = "read"
    WORK_WITH_PATIENTS = "work_with_patients"
    COMPLETE_VISITS = "complete_visits"
    CONFIGURE = "configure"
    MANAGE_RECORDS = "manage_records"
    """Merging patients, importing them, handing out a record."""
    READ_AUDIT = "read_audit"
    MANAGE_USERS = "manage_users"
    ERASE_PATIENTS = "erase_patients"


EVERYBODY = frozenset(Role)

RIGHTS: dict[Right, frozenset[Role]] = {
    Right.READ: EVERYBODY,
    Right.WORK_WITH_PATIENTS: frozenset({Role.ADMIN, Role.MANAGER, Role.FRONT_DESK}),
    Right.COMPLETE_VISITS: EVERYBODY,
    Right.CONFIGURE: frozenset({Role.ADMIN, Role.MANAGER}),
    Right.MANAGE_RECORDS: frozenset({Role.ADMIN, Role.MANAGER}),
    Right.READ_AUDIT: frozenset({Role.ADMIN, Role.MANAGER}),
    Right.MANAGE_USERS: frozenset({Role.ADMIN}),
    Right.ERASE_PATIENTS: frozenset({Role.ADMIN}),
}


def may(role: Role, right: Right) -> bool:
    return role in RIGHTS[right]
