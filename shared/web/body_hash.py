"""What the body of a command is known by when the command is repeated: a hash, since bodies are not kept."""

import hashlib
import hmac
import json

from shared.database.pool import Pool
from shared.eventstore.statements import QUERIES


def canonical(body: bytes) -> bytes:
    """JSON without spaces and in one order of keys, neither of which makes another command; any other body as it is."""
    try:
        return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body


def plain_hash(body: bytes) -> str:
    """As version 0.1.0 recorded it; a short body can be guessed back from it."""
    return hashlib.sha256(canonical(body)).hexdigest()


class BodyHashes:
    """Keyed hashes, which say nothing to whoever reads a log's topic. The key is this database's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._key: bytes | None = None

    async def of(self, body: bytes) -> str:
        if self._key is None:
            self._key = await QUERIES.body_key(self._pool)
        return hmac.new(self._key, canonical(body), hashlib.sha256).hexdigest()
