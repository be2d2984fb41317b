"""What this process counts for `/metrics` (trust.md section 5): labels are names of ours, never a patient's or an id.

Numbers that all replicas share are read from the database when somebody asks: `app/jobs/watched.py`. Language
providers count in `app/llm/metrics.py`.
"""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("http_requests", "Requests answered", ["method", "handler", "status"])
REQUEST_SECONDS = Histogram(
    "http_request_duration_seconds",
    "Seconds until an answer began, which for an event stream is long before it ends",
    ["method", "handler"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REQUESTS_NOW = Gauge("http_requests_in_progress", "Requests under way, event streams included")

INBOX_EVENTS = Counter("chairside_inbox_events", "Incoming events that a worker took up", ["source", "result"])
SENDS = Counter("chairside_sends", "Messages that a worker tried to send", ["channel", "outcome"])
SEND_SECONDS = Histogram(
    "chairside_send_seconds",
    "Seconds from the claim of a message to its end, with every check and the provider's answer",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)

AGENT_RUNS = Counter("chairside_agent_runs", "Runs of the agent", ["path", "outcome"])
AGENT_SECONDS = Histogram(
    "chairside_agent_run_seconds",
    "Seconds of one run of the agent",
    ["path"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45),
)
INTENTS = Counter("chairside_agent_intents", "Messages read, by what they want", ["intent", "read_by"])
HANDOFFS = Counter("chairside_agent_handoffs", "Conversations that the agent gave to a person", ["reason"])
GATE_REFUSALS = Counter("chairside_gate_refusals", "Texts of a provider that the gate kept back", ["use", "rule"])

JOB_RUNS = Counter("chairside_job_runs", "Runs of a job in this process", ["job_name", "outcome"])
JOB_SECONDS = Histogram(
    "chairside_job_seconds",
    "Seconds of one run of a job that found work or failed",
    ["job_name"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 1_800),
)
