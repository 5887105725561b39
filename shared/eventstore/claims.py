"""Rules over several streams: a name and key that one holder may have at a time, taken and let go by events.

Example: one live regular meeting per cell and period. Changes are written in the append's transaction, and folding
`changes` over the log in position order gives the same claims again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shared.decider import DomainError


@dataclass(frozen=True, slots=True)
class Claim:
    """`holder` (a stream or an id) takes `key` under `name`; taking what one already holds changes nothing."""

    name: str
    key: str
    holder: str


@dataclass(frozen=True, slots=True)
class Release:
    """`holder` lets go of every key that it has under `name`."""

    name: str
    holder: str


ClaimChange = Claim | Release


class ClaimTaken(DomainError):
    """Another holder has the key."""

    problem = "claim-taken"

    def __init__(self, name: str, key: str, holder: str) -> None:
        super().__init__(f"{name}: {key} is already taken by {holder}; change or withdraw that one first")
        self.name = name
        self.key = key
        self.holder = holder


class Claims:
    """Who holds what. Changes of one append are applied all together or not at all."""

    def __init__(self, held: Iterable[Claim] = ()) -> None:
        self._holders: dict[tuple[str, str], str] = {}
        self._keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for claim in held:
            self._take(claim)

    def held(self) -> frozenset[Claim]:
        return frozenset(Claim(name, key, holder) for (name, key), holder in self._holders.items())

    def apply(self, changes: Iterable[ClaimChange]) -> None:
        """Raises `ClaimTaken`, and then nothing is changed."""
        done: list[tuple[Claim, bool]] = []
        try:
            for change in changes:
                match change:
                    case Release():
                        done += [(claim, False) for claim in self._let_go(change)]
                    case Claim():
                        done += [(claim, True) for claim in self._take(change)]
        except ClaimTaken:
            for claim, was_taken in reversed(done):
                self._drop(claim) if was_taken else self._take(claim)
            raise

    def _take(self, claim: Claim) -> list[Claim]:
        holder = self._holders.setdefault((claim.name, claim.key), claim.holder)
        if holder != claim.holder:
            raise ClaimTaken(claim.name, claim.key, holder)
        keys = self._keys[claim.name, claim.holder]
        if claim.key in keys:
            return []
        keys.add(claim.key)
        return [claim]

    def _let_go(self, release: Release) -> list[Claim]:
        held = [
            Claim(release.name, key, release.holder) for key in self._keys.pop((release.name, release.holder), set())
        ]
        for claim in held:
            del self._holders[claim.name, claim.key]
        return held

    def _drop(self, claim: Claim) -> None:
        del self._holders[claim.name, claim.key]
        self._keys[claim.name, claim.holder].discard(claim.key)
