"""Fixtures for all tests. Servers start only when a test asks for one."""

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.databases", "tests.fixtures.topics", "tests.fixtures.logs"]
