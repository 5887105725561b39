"""Lets aiokafka hand on a record whose header names are not UTF-8, instead of standing still before it for ever.

Its decoder raises at such a record in every fetch, so that nobody ever sees the offset, and nobody can quarantine it:
consumers, relays and comparisons all stop there. aiokafka has no setting for this. Names are decoded so that their
bytes are kept (`surrogateescape`); reading the envelope then refuses the record as it refuses any other damage.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def install() -> None:
    """For all consumers of this process."""
    fetcher.MemoryRecords = TolerantRecords


class TolerantRecords(_MemoryRecordsPy):  # type: ignore[misc] # aiokafka calls it final, but lets nobody configure it
    """The batches of one fetched answer."""

    def next_batch(self, *sizes: Any) -> Any:  # noqa: ANN401 - as in aiokafka
        encoded = self._next_slice
        batch = super().next_batch(*sizes)
        return batch if batch is None or encoded is None else _Batch(batch, encoded)


class _Batch:
    """A batch as aiokafka's fast decoder reads it, and from a record that this one cannot read as the tolerant one."""

    def __init__(self, batch: Any, encoded: memoryview) -> None:  # noqa: ANN401
        self._batch = batch
        self._encoded = encoded

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except (UnicodeDecodeError, CorruptRecordException):
            yield from islice(_tolerantly(self._encoded), read, None)


def _tolerantly(encoded: memoryview) -> Iterator[Any]:
    """Raises CorruptRecordException if header names are not what is wrong."""
    batch = _DefaultRecordBatchPy(encoded)
    iter(batch)  # decompresses
    batch._buffer = _Buffer(batch._buffer)  # noqa: SLF001 - header names are all that is decoded from it
    yield from batch


class _Buffer(bytearray):
    """Its slices decode whatever they hold."""

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401
        part = super().__getitem__(place)
        return _Slice(part) if isinstance(place, slice) else part


class _Slice(bytes):
    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)
