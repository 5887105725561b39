"""Settings of webhooks, as a deployment gives them."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from services.operations.settings import OperationsSettings
from services.operations.webhooks.targets import TargetRefused, checked
from services.operations.webhooks.worker import registry_of

URL = "postgresql://nowhere"


def test_a_host_is_named_with_its_inner_networks_in_whatever_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATIONS_WEBHOOK_HOSTS", '{"Hooks.Example.vn": ["10.20.0.5", "fd00::/8"], "a.vn:8443": []}')
    settings = OperationsSettings(database_url=URL)
    allowed = registry_of(cast("Any", SimpleNamespace(settings=settings, pool=None))).allowed
    checked("https://hooks.example.VN/in", allowed)
    assert [str(network) for network in allowed.hosts["hooks.example.vn"]] == ["10.20.0.5/32", "fd00::/8"]


def test_no_host_is_allowed_until_one_is_named() -> None:
    settings = OperationsSettings(database_url=URL)
    allowed = registry_of(cast("Any", SimpleNamespace(settings=settings, pool=None))).allowed
    with pytest.raises(TargetRefused):
        checked("https://hooks.example.vn/in", allowed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOSTS", '{"hooks.example.vn": ["inside"]}'),
        ("CA_FILE", "/nowhere"),
        ("ATTEMPTS", "0"),
        ("TIMEOUT_SECONDS", "0"),
        ("TIMEOUT_SECONDS", "600"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"OPERATIONS_WEBHOOK_{name}", value)
    with pytest.raises(ValidationError, match=f"webhook_{name.lower()}"):
        OperationsSettings(database_url=URL)
