"""Alerts and dashboard ask for metrics that the services have: a renamed one would be silence."""

import json
import re
from pathlib import Path

import prometheus_client

import services.operations.webhooks.metrics  # noqa: F401 - registers its metrics, like the others
import shared.messaging.consumer_metrics
import shared.messaging.relay_metrics
import shared.web.requests  # noqa: F401 - registers its metrics, like the others

OBSERVABILITY = Path(__file__).parents[3] / "deploy" / "observability"
OF_THE_SERVER = {"up", "ALERTS"}
METRIC = re.compile(r"\b([a-z]+(?:_[a-z]+)+|up|ALERTS)\b(?=[{\[\s)]|$)")
FUNCTIONS = {"histogram_quantile"}


def known() -> set[str]:
    names = {family.name for family in prometheus_client.REGISTRY.collect()}
    return OF_THE_SERVER | {name + suffix for name in names for suffix in ("", "_total", "_bucket")}


def asked(expressions: list[str]) -> set[str]:
    bare = (re.sub(r'"[^"]*"|by \([^)]*\)', "", expression) for expression in expressions)
    return {name for expression in bare for name in METRIC.findall(expression)} - FUNCTIONS


def test_every_alert_asks_for_metrics_that_there_are() -> None:
    rules = (OBSERVABILITY / "alerts.yml").read_text()
    expressions = re.findall(r"expr: (?:\|\n)?(.*?)\n +(?:for|labels):", rules, re.DOTALL)

    assert len(expressions) == rules.count("- alert:")
    assert asked(expressions)
    assert asked(expressions) <= known()


def test_every_alert_is_tested() -> None:
    names = re.findall(r"- alert: (\w+)", (OBSERVABILITY / "alerts.yml").read_text())
    tests = (OBSERVABILITY / "alerts_test.yml").read_text()

    assert [name for name in names if name not in tests] == []


def test_every_alarm_has_its_page_in_the_runbook() -> None:
    names = re.findall(r"- alert: (\w+)", (OBSERVABILITY / "alerts.yml").read_text())
    runbook = (OBSERVABILITY.parents[1] / "docs" / "runbook.md").read_text()

    assert re.findall(r"^## (\w+)$", runbook, re.MULTILINE) == names


def test_every_panel_asks_for_metrics_that_there_are() -> None:
    dashboard = json.loads((OBSERVABILITY / "grafana" / "dashboards" / "system.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]

    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert asked(expressions)
    assert asked(expressions) <= known()
