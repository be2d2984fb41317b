"""Numbers about language providers for `/metrics`: how they fare and what they cost, never what was said."""

from prometheus_client import Counter, Gauge, Histogram

CALLS = Counter("chairside_llm_calls_total", "Calls to a language provider", ["provider", "verb", "result"])
SECONDS = Histogram(
    "chairside_llm_seconds",
    "Seconds until a language provider answered or failed",
    ["provider", "verb"],
    buckets=(0.01, 0.05, 0.25, 1, 2.5, 5, 10, 20, 30, 45),
)
TOKENS = Counter("chairside_llm_tokens_total", "Tokens that a language provider charged", ["provider", "direction"])
COST = Counter("chairside_llm_cost_usd", "Dollars that calls to a language provider cost, by its prices", ["provider"])
BREAKER = Gauge("chairside_llm_breaker_open", "1 while a language provider is skipped after failures", ["provider"])

VERBS = ("analyse", "write_follow_up", "answer", "summarise")
RESULTS = ("answered", "refused", "failed", "budget_spent")


def begin(provider: str) -> None:
    """Tell every result of a provider as 0 from the start: Prometheus sees no increase in a first 1."""
    for verb in VERBS:
        for result in RESULTS:
            CALLS.labels(provider, verb, result)
    BREAKER.labels(provider).set(0)
