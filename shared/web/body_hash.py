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


class BodyHashes:
    """Keyed hashes say nothing to whoever reads a log's topic. The key is this database's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._key: bytes | None = None

    async def of(self, body: bytes) -> tuple[str, str]:
        """The keyed hash, and the plain one that version 0.1.0 recorded: a short body can be guessed back from it."""
        if self._key is None:
            self._key = await QUERIES.body_key(self._pool)
        text = canonical(body)
        return hmac.new(self._key, text, hashlib.sha256).hexdigest(), hashlib.sha256(text).hexdigest()
