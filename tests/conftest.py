"""Fixtures for all tests. Servers start only when a test asks for one."""

import pytest


def pytest_report_header(config: pytest.Config) -> str | None:
    return "long fault runs are left out: make faults" if config.option.markexpr.startswith("not long") else None


pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.databases", "tests.fixtures.topics", "tests.fixtures.logs"]
