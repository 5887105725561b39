"""Which partition a key belongs to, for ever: Kafka's own murmur2, held by golden values."""

from aiokafka.partitioner import murmur2

POSITIVE = 0x7FFFFFFF


def partition_for(key: str, partitions: int) -> int:
    """The partition of `key`, as Kafka's default partitioner in Java gives it for the key's UTF-8 bytes."""
    hashed: int = murmur2(key.encode())
    return (hashed & POSITIVE) % partitions
