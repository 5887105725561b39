"""Fixtures for all tests. Servers start only when a test asks for one."""

import pytest
from hypothesis import settings

settings.register_profile("suite", deadline=None)  # no test depends on how fast a machine is
settings.load_profile("suite")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What two processes that share the tests leave together: a file, whose fixtures cost; and e2e, with its system."""
    for item in items:
        folder = item.path.parent
        item.add_marker(pytest.mark.xdist_group(folder.name if folder.name == "e2e" else str(item.path)))


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
