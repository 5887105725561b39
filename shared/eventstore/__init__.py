"""The log of a service: one serialised sequence of events, its claims and erasable texts, and the command handler.

This face imports no driver, so that pure code may use it; `postgres` and `group_commit` are imported by name.
"""

from shared.eventstore.claims import Claim, ClaimChange, ClaimTaken, Release
from shared.eventstore.command_handler import Aggregate, CommandHandler, CommandReused, ConcurrentChange, Receipt
from shared.eventstore.context import Context, command_id, reaction_context
from shared.eventstore.log import (
    Append,
    AppendRefused,
    CommandRecorded,
    EventTooLarge,
    Log,
    LogUnavailable,
    Text,
    VersionConflict,
)
from shared.eventstore.memory import MemoryLog

__all__ = [
    "Aggregate",
    "Append",
    "AppendRefused",
    "Claim",
    "ClaimChange",
    "ClaimTaken",
    "CommandHandler",
    "CommandRecorded",
    "CommandReused",
    "ConcurrentChange",
    "Context",
    "EventTooLarge",
    "Log",
    "LogUnavailable",
    "MemoryLog",
    "Receipt",
    "Release",
    "Text",
    "VersionConflict",
    "command_id",
    "reaction_context",
]
