"""What libraries write while a broker is away does not fill the disk."""

import logging

from shared.observability.logging import Repeats


def entry(library: str, text: str, created: float) -> logging.LogRecord:
    record = logging.LogRecord(library, logging.ERROR, "", 0, text, ("1",), None)
    record.created = created
    return record


def test_a_library_that_repeats_itself_is_written_once_a_minute() -> None:
    repeats = Repeats("aiokafka", seconds=60)
    written = [repeats.filter(entry("aiokafka.client", "Unable connect to %s", second)) for second in range(0, 121, 10)]
    assert [number * 10 for number, passed in enumerate(written) if passed] == [0, 60, 120]
    assert repeats.filter(entry("aiokafka.client", "something else", 1.0))
    assert all(repeats.filter(entry("shared.messaging.relay", "relay_stopped", 1.0)) for _ in range(3))
