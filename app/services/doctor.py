"""The table of what `chairside doctor` looks at once the database answers; adding a look is adding a line.

What is looked at before stands in doctor_machine.py, and the Gmail mailbox in cli_gmail.py, which may name its adapter.
"""

from app.services import doctor_database, doctor_peers
from app.services.doctor_findings import Look

TRY_AGAIN = "run `chairside doctor` again when the database is steady"
ASK = "grant the actions that docs/how-to/go-to-production.md lists to the database user"
SLOWEST_MODEL_SECONDS = 45.0
"""More than OPENAI_DEADLINE_SECONDS may be."""

LOOKS: tuple[Look, ...] = (
    Look("replica set", doctor_database.members, TRY_AGAIN),
    Look("write concern", doctor_database.write_concern, TRY_AGAIN),
    Look("indexes", doctor_database.indexes, ASK),
    Look("clock", doctor_database.clock, TRY_AGAIN),
    Look("jobs", doctor_peers.jobs, ASK),
    Look("sending", doctor_peers.sending, ASK),
    Look("invariants", doctor_peers.invariants, ASK),
    Look("language model", doctor_peers.language_models, doctor_peers.REACH_MODEL, SLOWEST_MODEL_SECONDS),
    Look("embedding model", doctor_peers.embeddings, doctor_peers.REACH_MODEL, SLOWEST_MODEL_SECONDS),
    Look("agent traces", doctor_peers.traces, "set AGENT_TRACES=log", 20.0),
    Look("channels", doctor_peers.channels, "look at the provider's status page", 40.0),
    Look("channels", doctor_peers.stopped_channels, ASK),
)
