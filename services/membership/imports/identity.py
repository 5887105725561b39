"""Recognises a person again by an outer code, without keeping the code: a keyed hash leads to the random member id."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from uuid import UUID

from services.membership.domain.member import MEMBER, Member


def code_hash(secret: bytes, system: str, code: str) -> bytes:
    """HMAC-SHA256 of system and code. Card numbers are few: without the secret every one could be tried."""
    return hmac.digest(secret, f"{system}\n{code}".encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Person:
    """What a member's erasable text says. `born_on` is as the office wrote it; often only a year."""

    name: str
    born_on: str | None = None

    def to_text(self) -> str:
        return json.dumps({"name": self.name, "born_on": self.born_on}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_text(cls, body: str) -> "Person":
        stored = json.loads(body)
        return cls(stored["name"], stored.get("born_on"))


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A member id that an outer code leads to. `member` has no cell yet if only the id was reserved."""

    member_id: UUID
    member: Member = MEMBER.initial
    person: Person | None = None
