"""Signatures as Standard Webhooks has them (standardwebhooks.com): HMAC-SHA256 over id, time and body."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """As a receiver's library takes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed(webhook_id: str, body: bytes, secrets_valid: Sequence[str], at: datetime) -> Mapping[str, str]:
    """The headers of one attempt, with a signature by every secret that a receiver may still have."""
    # The library takes the numbers of any zone for those of UTC.
    moment = at.astimezone(UTC).replace(microsecond=0)
    signatures = (Webhook(secret).sign(webhook_id, moment, body.decode()) for secret in secrets_valid)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
