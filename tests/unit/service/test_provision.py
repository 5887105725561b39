"""`provision` in a deployment, where brokers start beside it."""

import pytest
from typer.testing import CliRunner

from services.meetings.app import SERVICE
from services.meetings.settings import MeetingsSettings
from shared import worker
from shared.command_line import command_line
from shared.messaging.topic import TopicMisconfigured, TopicUnavailable
from shared.service import ServiceSettings

URL = "postgresql://meetings@db/meetings"


def provision(monkeypatch: pytest.MonkeyPatch, *answers: Exception | None) -> tuple[int, str]:
    """Exit status and last line, if the broker answers so."""
    left = list(answers)

    async def provisioned(_: ServiceSettings) -> None:
        if (answer := left.pop(0)) is not None:
            raise answer

    monkeypatch.setattr(worker, "provisioned", provisioned)
    done = CliRunner().invoke(
        command_line(SERVICE, MeetingsSettings), ["provision"], env={"MEETINGS_DATABASE_URL": URL}
    )
    assert left == []
    return done.exit_code, done.output.splitlines()[-1]


def test_waits_for_a_broker_that_does_not_answer_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    away = TopicUnavailable("no broker")

    status, said = provision(monkeypatch, away, away, None)

    assert (status, said) == (0, "meetings: topics are there and keep what they get")


def test_does_not_wait_for_a_topic_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    status, said = provision(monkeypatch, TopicMisconfigured("it forgets"))

    assert (status, said) == (2, "meetings: it forgets")
