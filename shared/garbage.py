"""Python's looks for garbage in cycles, made as rare as a service can afford: nearly all that it makes is in none.

With Python's own 700 allocations between two looks, going through objects that stay for a while again and again took
half of a consumer's time, and a fifth of a relay's.
"""

import gc

ALLOCATIONS = 100_000
# Of a record, from its bytes to its effects, in the batch that is being read and the one that is being taken.
ALLOCATIONS_OF_A_RECORD = 50


def settle() -> None:
    """Once a process has started: what starting has made stays for good, and nobody looks through it again."""
    gc.collect()
    gc.freeze()
    look_rarely()


def look_rarely(records: int = 0) -> None:
    """`records`: at most in a batch. A look through a large batch finds nothing, and takes long."""
    gc.set_threshold(max(ALLOCATIONS, ALLOCATIONS_OF_A_RECORD * records), 20, 50)
