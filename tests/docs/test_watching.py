"""What operators watch by says what the code counts: metrics, dashboard, alerts, runbooks (trust.md section 5)."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import app.agent.counted  # counts at work
import app.llm.metrics
import app.metrics  # noqa: F401 - declares what is counted
from app.jobs.registry import JOBS
from app.jobs.watched import GAUGES

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana/chairside.json"
RUNBOOKS = ROOT / "docs/runbooks"
PAGE = ROOT / "docs/reference/metrics.md"
FROM_PROMETHEUS = {"up": ["instance", "job"]}
GRAFANAS = {"$__rate_interval": "5m"}
OURS = ("chairside_", "http_")
OF_KIND = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def counted() -> dict[str, MetricWrapperBase]:
    """What this process counts, by name, without what the client library tells of Python itself."""
    collectors = {each for each in REGISTRY._collector_to_names if isinstance(each, MetricWrapperBase)}
    return {each._name: each for each in collectors if each._name.startswith(OURS)}


def kinds() -> dict[str, tuple[str, list[str]]]:
    """`{name on the page: (kind, labels)}` of everything at /metrics that is ours."""
    told = {f"{name}_total" if each._type == "counter" else name: each for name, each in counted().items()}
    rows = {name: (str(each._type), list(each._labelnames)) for name, each in told.items()}
    return rows | {name: ("gauge", [each.label] if each.label else []) for name, each in GAUGES.items()}


def series() -> dict[str, list[str]]:
    """`{name of a series: its labels}`: what an expression may ask for."""
    found = dict(FROM_PROMETHEUS)
    for name, (kind, labels) in kinds().items():
        for ending in OF_KIND[kind]:
            found[name if name.endswith("_total") else name + ending] = [*labels, "instance", "job", "le"]
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def drawn() -> list[dict[str, Any]]:
    return [panel for panel in panels() if panel["type"] != "row"]


def plain(expression: str) -> str:
    for name, value in GRAFANAS.items():
        expression = expression.replace(name, value)
    return expression


EXPRESSIONS = [rule["expr"] for rule in rules()] + [each["expr"] for panel in drawn() for each in panel["targets"]]


class TestExpressions:
    @pytest.mark.parametrize("expression", EXPRESSIONS)
    def test_each_can_be_read(self, expression: str) -> None:
        assert promql_parser.parse(plain(expression)) is not None

    @pytest.mark.parametrize("expression", EXPRESSIONS)
    def test_each_asks_for_what_there_is_by_labels_that_it_has(self, expression: str) -> None:
        known = series()
        for name, conditions in re.findall(r"\b((?:chairside_|http_)\w+|up)\b(?:\{([^}]*)\})?", expression):
            assert name in known, f"{name} is counted nowhere"
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", conditions):
                assert label in known[name], f"{name} has no label {label}"

    @pytest.mark.parametrize("expression", EXPRESSIONS)
    def test_each_groups_by_labels_that_are_there(self, expression: str) -> None:
        known = series()
        names = re.findall(r"\b(?:chairside_|http_)\w+|\bup\b", expression)
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            for label in group.split(","):
                assert any(label.strip() in known[name] for name in names), f"{label} in {expression}"

    def test_a_misspelt_one_would_be_found(self) -> None:
        with pytest.raises(ValueError, match="unclosed"):
            promql_parser.parse("sum by (le (rate(chairside_sends_total[5m]))")
        assert "chairside_sends" not in series()
        assert series()["chairside_sends_total"][:2] == ["channel", "outcome"]


class TestAlerts:
    def test_their_names_are_their_own(self) -> None:
        names = [rule["alert"] for rule in rules()]
        assert len(names) == len(set(names)) >= 20

    @pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
    def test_each_says_what_and_how_bad_and_where_to_read_on(self, rule: dict[str, Any]) -> None:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["summary"]) > 20
        words = re.sub(r"(?<!^)(?=[A-Z])", "-", rule["alert"].removeprefix("Chairside")).lower()
        assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.docs }}}}/runbooks/{words}.html"
        assert (RUNBOOKS / f"{words}.md").exists()

    @pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
    def test_a_label_in_its_summary_is_one_that_its_expression_keeps(self, rule: dict[str, Any]) -> None:
        kept = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        keeps = {label.strip() for group in kept for label in group.split(",")} or {"instance"}
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= keeps

    def test_a_job_that_they_name_exists(self) -> None:
        named = {name for text in EXPRESSIONS for name in re.findall(r'job_name="([^"]+)"', text)}
        assert named
        assert named <= set(JOBS)

    def test_prometheus_itself_reads_them(self, tmp_path: Path) -> None:
        """Where Prometheus is installed; the parser above reads the same expressions everywhere."""
        promtool = shutil.which("promtool")
        folder = shutil.copytree(ALERTS.parent, tmp_path / "prometheus")
        assert {each.name for each in folder.iterdir()} == {"alerts.yml", "alerts_test.yml", "prometheus.yml"}
        if promtool:
            subprocess.run([promtool, "check", "rules", str(folder / "alerts.yml")], check=True, capture_output=True)
            subprocess.run([promtool, "test", "rules", "alerts_test.yml"], check=True, capture_output=True, cwd=folder)


class TestRunbooks:
    PAGES = sorted(RUNBOOKS.glob("*.md"))

    def test_there_is_one_for_each_alert_and_no_other(self) -> None:
        urls = {Path(rule["annotations"]["runbook_url"]).stem for rule in rules()}
        assert {page.stem for page in self.PAGES} == urls

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
    def test_each_has_its_four_parts_and_its_alert(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        parts = ["Symptom", "What it means for patients", "How to look", "How to mend"]
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == parts
        [rule] = [each for each in rules() if each["annotations"]["runbook_url"].endswith(f"/{page.stem}.html")]
        assert f"Alert `{rule['alert']}`, {rule['labels']['severity']}." in text

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
    def test_a_metric_or_a_job_that_it_names_exists(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"\bchairside_\w+", text)) <= set(series())
        assert set(re.findall(r"chairside run-job ([a-z-]+)", text)) <= set(JOBS)
        assert set(re.findall(r'job_name="([^"]+)"', text)) <= set(JOBS)

    def test_an_event_of_the_log_that_they_name_is_written_somewhere(self) -> None:
        source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py"))
        pages = [*self.PAGES, ROOT / "docs/how-to/watch-it.md"]
        text = "".join(page.read_text(encoding="utf-8") for page in pages)
        named = set(re.findall(r"`((?:agent|channel|inbox|job|llm|outbox|request|sending)\.[a-z_]+)`", text))
        assert len(named) >= 10
        assert [event for event in named if f'"{event}"' not in source] == []


class TestDashboard:
    def test_its_panels_have_names_ids_and_room_of_their_own(self) -> None:
        shown = panels()
        assert len({panel["id"] for panel in shown}) == len(shown)
        assert len({panel["title"] for panel in drawn()}) == len(drawn())
        cells = [cell for panel in shown for cell in _cells(panel["gridPos"])]
        assert len(cells) == len(set(cells)), "two panels overlap"
        assert max(x for x, _ in cells) < 24

    @pytest.mark.parametrize("panel", drawn(), ids=lambda panel: str(panel["title"]))
    def test_each_says_what_it_shows_and_asks_the_chosen_source(self, panel: dict[str, Any]) -> None:
        assert panel["description"].endswith(".")
        assert panel["targets"]
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}

    def test_everything_that_is_counted_is_on_it(self) -> None:
        """A number that nobody looks at is not worth its place."""
        text = DASHBOARD.read_text(encoding="utf-8")
        assert [name for name in kinds() if name not in text] == []


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    across, down = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    return [(x, y) for x in across for y in down]


class TestReference:
    def test_the_page_lists_every_metric_with_its_kind_and_labels_and_no_other(self) -> None:
        rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \| (.*?) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
        shown = {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}
        assert shown == kinds()

    def test_each_line_says_what_it_means(self) -> None:
        rows = re.findall(r"^\| `[a-z_]+` \| \w+ \| .*? \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(rows) == len(kinds())
        assert [row for row in rows if len(row) < 15] == []


class TestLabels:
    def test_none_is_a_name_that_could_hold_a_patient(self) -> None:
        labels = {label for _, each in kinds().values() for label in each}
        assert labels == {
            *("method", "handler", "status", "source", "result", "channel", "outcome", "path", "intent", "read_by"),
            *("reason", "use", "rule", "job_name", "provider", "verb", "direction", "state", "alarm", "invariant"),
        }
