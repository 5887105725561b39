"""Signatures: the example of the specification, a new secret beside the old one, and secrets that libraries take."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.operations.webhooks.signing import PREFIX, new_secret, signed

# standardwebhooks.com, the specification's own example.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_ID, EXAMPLE_TIME = "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC)
EXAMPLE_BODY = b'{"test": 2432232314}'
EXAMPLE_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_attempt_is_signed_as_in_the_example_of_the_specification() -> None:
    assert signed(EXAMPLE_ID, EXAMPLE_BODY, [SECRET], EXAMPLE_TIME) == {
        "webhook-id": EXAMPLE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": EXAMPLE_SIGNATURE,
    }


def test_the_moment_is_the_same_in_whatever_zone_it_is_given() -> None:
    there = EXAMPLE_TIME.astimezone(timezone(timedelta(hours=7))) + timedelta(microseconds=900_000)
    assert signed(EXAMPLE_ID, EXAMPLE_BODY, [SECRET], there) == signed(EXAMPLE_ID, EXAMPLE_BODY, [SECRET], EXAMPLE_TIME)


def test_during_a_change_of_secrets_a_receiver_with_either_of_them_verifies_and_one_with_another_does_not() -> None:
    body = '{"test": "Chi bộ"}'.encode()
    new = new_secret()
    headers = dict(signed(EXAMPLE_ID, body, [new, SECRET], datetime.now(UTC)))
    for secret in (new, SECRET):
        assert Webhook(secret).verify(body, headers) == {"test": "Chi bộ"}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_a_secret_is_random_and_as_long_as_the_hash() -> None:
    secret = new_secret()
    assert secret.startswith(PREFIX)
    assert len(base64.b64decode(secret.removeprefix(PREFIX))) == 32
    assert secret != new_secret()
