"""Which errors are worth repeating, and which would only be repeated for ever."""

import asyncpg
import pytest
from asyncpg.exceptions._base import DataError as ClientDataError

from shared.database.transient import is_transient
from shared.eventstore import LogUnavailable, VersionConflict


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.AdminShutdownError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.TooManyConnectionsError(),
        asyncpg.DiskFullError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.IdleInTransactionSessionTimeoutError(),
        asyncpg.ReadOnlySQLTransactionError(),
        asyncpg.InterfaceError("connection is closed"),
        LogUnavailable("away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_is_away_is_worth_waiting_for(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError(),
        asyncpg.DataError(),
        ClientDataError("invalid input for query argument $1"),
        asyncpg.UndefinedTableError(),
        asyncpg.InsufficientPrivilegeError(),
        VersionConflict("stream", 1, 2),
        ValueError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_was_asked_for_stays_wrong_however_often(error: Exception) -> None:
    assert not is_transient(error)
