"""Which errors mean that the database is away for a while, so that waiting and repeating helps."""

import asyncpg

_AWAY = (
    OSError,  # connection refused or reset; TimeoutError is one of them
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutdown, failover, starting up, cancelled
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, before it is promoted
    asyncpg.TransactionRollbackError,  # deadlock, serialisation
    asyncpg.LockNotAvailableError,
    asyncpg.InterfaceError,  # the connection is closed
    asyncpg.InternalClientError,  # the connection ended within a message
)


def is_transient(error: Exception) -> bool:
    """Whether `error` of asyncpg or the network says nothing about what was asked, only about the database."""
    # asyncpg's own "invalid input for query argument" is an InterfaceError too, and a ValueError.
    return isinstance(error, _AWAY) and not isinstance(error, ValueError)
