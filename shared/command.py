"""A command of an operator: results on stdout, progress and refusals on stderr, and an exit status.

Exit status: 0, done or as it should be; 1, the answer is that something is not as it should be (log and topic differ,
a figure differs, a key is held again); 2, refused or not finished: one line says why and what to do.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from shared.expected_errors import EXPECTED, SettingsWrong
from shared.observability.logging import configure_logging
from shared.service import ServiceSettings

NOT_WELL = 1
REFUSED = 2
Settings = TypeVar("Settings", bound=ServiceSettings)


def run(service: str, command: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end. What an operator, a setting or another server can mend is one line."""
    configure_logging(service, "WARNING")  # until the settings say otherwise: lines, on stderr
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(command)
    except EXPECTED as error:
        typer.echo(f"{service}: {str(error) or repr(error)}", err=True)
        raise typer.Exit(REFUSED) from error


def read_settings(settings_class: type[Settings]) -> Settings:
    """Raises `SettingsWrong`, which names the variables."""
    try:
        return settings_class()
    except ValidationError as error:
        prefix = settings_class.model_config.get("env_prefix", "")
        named = [f"{prefix}{'__'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()]
        raise SettingsWrong(f"check the environment: {'; '.join(named)}") from error


def say(line: str) -> None:
    """A line of the result, as it is."""
    Console().print(line, markup=False, highlight=False, soft_wrap=True)
