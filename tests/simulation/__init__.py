"""Deterministic simulation of log, relays and consumers over the doubles: `python -m tests.simulation --minutes 5`."""
