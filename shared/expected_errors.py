"""The errors of which a command says one line: an operator, a setting or another server can mend them."""

import asyncpg
from aiokafka.errors import KafkaError

from shared.contracts.emission import VersionNotWritable
from shared.contracts.event import UndecodableEvent
from shared.database.migrate import MigrationFailed
from shared.database.pool import DatabaseAway
from shared.directory.directory import UnitUnknown
from shared.eventstore.log import AppendRefused, LogUnavailable
from shared.messaging.agreement import LogAndTopicDisagree
from shared.messaging.handler import UnknownConsumer
from shared.messaging.parking import NotHeld
from shared.messaging.quarantine import NotQuarantined
from shared.messaging.relay_store import RelayStillLeads, SessionLost
from shared.messaging.topic import TopicMisconfigured, TopicUnavailable
from shared.process import PortTaken
from shared.service import StillRunning


class SettingsWrong(Exception):
    """A setting is missing or cannot be read. The text names its variable."""


class Refused(Exception):
    """A command does not do what it was asked, and has changed nothing. The text says why and what to do."""


# What goes wrong outside of this program: one line that says what to do is worth more than a stack trace.
EXPECTED = (
    AppendRefused,
    DatabaseAway,
    KafkaError,
    LogAndTopicDisagree,
    LogUnavailable,
    MigrationFailed,
    NotHeld,
    NotQuarantined,
    OSError,
    PortTaken,
    Refused,
    RelayStillLeads,
    SessionLost,
    SettingsWrong,
    StillRunning,
    TopicMisconfigured,
    TopicUnavailable,
    UndecodableEvent,
    UnitUnknown,
    UnknownConsumer,
    VersionNotWritable,
    asyncpg.InterfaceError,
    asyncpg.PostgresError,
)
