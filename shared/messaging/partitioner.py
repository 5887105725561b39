"""Which partition a key belongs to, for ever: Kafka's own murmur2, held by golden values."""

from functools import lru_cache

from aiokafka.partitioner import murmur2

POSITIVE = 0x7FFFFFFF


@lru_cache(maxsize=1 << 16)  # in Python a hash costs as much as the rest of a record; cells come again and again
def partition_for(key: str, partitions: int) -> int:
    """The partition of `key`, as Kafka's default partitioner in Java gives it for the key's UTF-8 bytes."""
    partition: int = (murmur2(key.encode()) & POSITIVE) % partitions
    return partition
