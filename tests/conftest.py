"""Fixtures for all tests. Servers start only when a test asks for one."""

import pytest
from hypothesis import settings

settings.register_profile("suite", deadline=None)  # no test depends on how fast a machine is
settings.load_profile("suite")


def pytest_report_header(config: pytest.Config) -> str | None:
    return "long fault runs are left out: make faults" if config.option.markexpr == "not long" else None


pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.databases", "tests.fixtures.topics", "tests.fixtures.logs"]
