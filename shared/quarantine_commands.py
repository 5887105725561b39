"""`quarantine list | dismiss`: records that nobody can read, and that somebody has understood."""

import json
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from shared.command import read_settings, run, say
from shared.held_lines import dismissed_lines, quarantine_lines
from shared.messaging.quarantine import Dismissal, Offset, dismiss, everything
from shared.messaging.store import Quarantined
from shared.service import Service, ServiceSettings, open_runtime

Found: TypeAlias = tuple[str, Quarantined, Dismissal | None]
ConsumerName = Annotated[str, typer.Argument(help="the consumer, as `quarantine list` names it")]
Topic = Annotated[str, typer.Argument(help="the topic, e.g. meetings.events")]
Partition = Annotated[int | None, typer.Argument(min=0, max=2**31 - 1, help="with OFFSET: of one place alone")]
At = Annotated[int | None, typer.Argument(min=0, max=2**63 - 1)]
By = Annotated[str, typer.Option("--by", help="Who answers for it: an office or an account, no name.")]
Reason = Annotated[str, typer.Option("--reason", help="What it was, and why it may be forgotten.")]
All = Annotated[bool, typer.Option("--all", help="Also what was dismissed.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: the same as JSON.")]


class QuarantineCommands:
    """One method per command; its docstring is its help."""

    def __init__(self, service: Service, settings_class: type[ServiceSettings]) -> None:
        self._service = service
        self._settings_class = settings_class

    def app(self) -> typer.Typer:
        quarantine = typer.Typer(no_args_is_help=True, help="Records that have no readable place in a log.")
        for command in (self.list, self.dismiss):
            quarantine.command()(command)
        return quarantine

    def list(self, *, with_dismissed: All = False, as_json: AsJson = False) -> None:
        """Topic, partition and offset of each record, and why; with --all, by whom it was dismissed."""
        run(self._service.name, self._list(with_dismissed=with_dismissed, as_json=as_json))

    def dismiss(
        self,
        consumer: ConsumerName,
        topic: Topic,
        partition: Partition = None,
        offset: At = None,
        *,
        by: By,
        reason: Reason,
    ) -> None:
        """Keeps a record (or all of a topic) as understood: it no longer degrades the service, nor sounds the alarm."""
        if (partition is None) != (offset is None):
            raise typer.BadParameter("PARTITION and OFFSET go together; without both, all of the topic are meant")
        for option, text in (("--by", by), ("--reason", reason)):
            if not text.strip() or "\x00" in text:
                raise typer.BadParameter(f"{option} says nothing")
        at = None if partition is None or offset is None else Offset(partition, offset)
        run(self._service.name, self._dismiss(consumer, topic, at, by=by.strip(), reason=reason.strip()))

    async def _list(self, *, with_dismissed: bool, as_json: bool) -> None:
        async with open_runtime(self._service, read_settings(self._settings_class)) as running:
            found = await everything(running.pool, with_dismissed=with_dismissed)
        if as_json:
            Console().print_json(json.dumps([_described(each) for each in found], default=str))
            return
        for line in (*quarantine_lines([each[:2] for each in found if each[2] is None]), *dismissed_lines(found)):
            say(line)
        if not found:
            say("nothing is in quarantine")

    async def _dismiss(self, consumer: str, topic: str, at: Offset | None, *, by: str, reason: str) -> None:
        async with open_runtime(self._service, read_settings(self._settings_class)) as running:
            done = await dismiss(running.pool, consumer, topic, at, by=by, reason=reason)
        say(f"{done} records dismissed; they stay, and `quarantine list --all` shows them")


def _described(found: Found) -> dict[str, object]:
    consumer, kept, dismissed = found
    return {
        "consumer": consumer,
        "topic": kept.record.topic,
        "partition": kept.record.partition,
        "offset": kept.record.offset,
        "since": kept.quarantined_at,
        "reason": kept.reason,
        "dismissed": {"at": dismissed.at, "by": dismissed.by, "reason": dismissed.reason} if dismissed else None,
    }
