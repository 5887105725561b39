"""Rounds of `pull` go on after what may pass, and end when they are asked to, whatever is raised meanwhile."""

import asyncio
from typing import Any

import pytest

from services.membership import pull_command
from services.membership.imports.source import SourceAway


async def away() -> None:
    raise SourceAway("away")


async def test_rounds_go_on_after_failed_groups_and_end_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = 0
    waits = asyncio.Event()

    async def one(*_: object) -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 4:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(away())
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed
        waits.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if rounds == 4:
                raise SourceAway("in place of the cancellation") from None
            raise

    monkeypatch.setattr(pull_command, "_round", one)
    nothing: Any = None
    running = asyncio.create_task(pull_command._rounds(nothing, nothing, nothing, 0.001))
    await asyncio.wait([running, asyncio.create_task(waits.wait())], timeout=10, return_when="FIRST_COMPLETED")
    assert rounds == 4
    running.cancel()
    await asyncio.wait([running], timeout=10)
    assert running.cancelled()
