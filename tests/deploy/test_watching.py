"""Dashboard and alerts on paybot itself: they name metrics that exist, ask well-formed questions, and have lines to follow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, NAME, SUFFIXES, labels, metrics, panels, rules

QUESTIONS = [(title, expr) for title, expr in panels()] + [(rule["alert"], rule["expr"]) for rule in rules()]
FUNCTIONS = {
    *("absent", "max", "min", "sum", "rate", "increase", "histogram_quantile", "min_over_time", "time", "by"),
}
FROM_PROMETHEUS = {"instance", "job", "le"}
ROWS = ["Alerts", "Delivery", "Sources", "Slack", "Digest", "Process"]
METRICS_PAGE = Path("docs/metrics.md").read_text()
OPERATIONS = Path("docs/operations.md").read_text()


def base(name: str) -> str:
    """The family of a metric as a question names it."""
    suffixes = ("_total", *SUFFIXES)
    return next((name.removesuffix(suffix) for suffix in suffixes if name.endswith(suffix) and name in metrics()), name)


def test_the_dashboard_has_its_rows() -> None:
    """In the order in which one looks."""
    found = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    assert [panel["title"] for panel in found if panel["type"] == "row"] == ROWS
    assert len({panel["id"] for panel in found}) == len(found)


@pytest.mark.parametrize(("title", "expr"), QUESTIONS, ids=[title for title, _ in QUESTIONS])
def test_every_question_is_well_formed(title: str, expr: str) -> None:
    """Known metrics with labels that they have, known functions, brackets in pairs, a range where a function wants one."""
    found = NAME.findall(expr)
    assert found
    assert [name for name in found if name not in metrics()] == []
    assert paired(expr)
    assert set(re.findall(r"\b([a-z_]+)\s*\(", expr)) - FUNCTIONS <= {"or", "and"}
    for kind in re.findall(r"\b(?:rate|increase)\((.*?)\)", expr):
        assert re.fullmatch(r"\w+(?:\{[^}]*\})?\[\d+[mh]\]", kind)
        assert metrics()[NAME.findall(kind)[0]] != "gauge"
    known = {label for name in found for label in labels()[base(name)]} | FROM_PROMETHEUS
    named = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expr) for label in group.split(",")}
    named |= {each for inside in re.findall(r"\{([^}]*)\}", expr) for each in re.findall(r"(\w+)\s*[=!]~?", inside)}
    assert named - known == set()


def paired(expr: str) -> bool:
    """Whether every bracket is closed by its own kind."""
    open_: list[str] = []
    for letter in re.sub(r'"[^"]*"', "", expr):
        if letter in "([{":
            open_.append({"(": ")", "[": "]", "{": "}"}[letter])
        elif letter in ")]}" and (not open_ or open_.pop() != letter):
            return False
    return not open_


@pytest.mark.parametrize("rule", [*rules()], ids=lambda rule: str(rule["alert"]))
def test_every_alert_has_a_severity_words_and_its_lines_for_whoever_is_woken(rule: dict[str, dict[str, str]]) -> None:
    """At the address that it gives."""
    name = str(rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}"
    assert f"\n### {name}\n" in OPERATIONS


def test_no_lines_are_for_an_alert_that_does_not_exist() -> None:
    """What was removed is removed in both."""
    assert set(re.findall(r"^### (Paybot\w+)$", OPERATIONS, re.MULTILINE)) == {rule["alert"] for rule in rules()}


def test_the_page_of_metrics_has_exactly_those_that_there_are() -> None:
    """With the labels that they have."""
    rows = dict(re.findall(r"^\| `(paybot_\w+)` \|([^|]*)\|", METRICS_PAGE, re.MULTILINE))
    ours = {name: each for name, each in labels().items() if name.startswith("paybot_")}
    totals = {name: f"{name}_total" if metrics().get(f"{name}_total") else name for name in ours}
    assert set(rows) == set(totals.values())
    for name, each in ours.items():
        assert set(re.findall(r"`(\w+)`", rows[totals[name]])) == set(each), name


def test_the_figures_of_the_page_of_scale_can_be_made_again() -> None:
    """By the command that it names."""
    assert "make scale" in Path("docs/scale.md").read_text()
    assert re.search(r"^scale: ", Path("Makefile").read_text(), re.MULTILINE)
