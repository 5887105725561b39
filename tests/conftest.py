"""Fixtures for all tests. Servers start only when a test asks for one."""

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("suite", deadline=None)  # no test depends on how fast a machine is
settings.load_profile("suite")


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # untyped
    """Two processes share the tests file by file, for the fixtures of one; e2e stays together with its one system."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return "e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_report_header(config: pytest.Config) -> str | None:
    """What a plain run leaves out, and what runs it."""
    runs = {"long": "make faults"} | {
        name: f"make test-{name}" for name in ("browser", "compose", "kubernetes", "oidc", "tls", "tracing")
    }
    left_out = [f"{name}: {run}" for name, run in runs.items() if f"not {name}" in config.option.markexpr]
    return f"left out ({', '.join(left_out)})" if left_out else None


pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.databases",
    "tests.fixtures.topics",
    "tests.fixtures.logs",
    "tests.fixtures.encrypted",
]
