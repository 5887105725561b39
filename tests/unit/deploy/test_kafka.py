"""Starting Kafka on this machine."""

from uuid import UUID

import pytest

from deploy.local import kafka


@pytest.mark.parametrize("first", range(256))
def test_no_cluster_is_named_like_an_option(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    monkeypatch.setattr("uuid.uuid4", lambda: UUID(bytes=bytes([first, *range(15)])))
    assert not kafka.new_cluster().startswith("-")
