"""Settings of the membership service, from variables that begin with MEMBERSHIP_."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.service import ServiceSettings


class MembershipSettings(ServiceSettings):
    """`identity_secret` keys the hash of outer codes: change it and no person is recognised again. At least 16 bytes.

    `pull_url` is a source of members that `pull` asks, with `pull_token` as bearer; `pull_mapping` reads its rows.
    `mappings` is a folder of TOML files, one per kind of file that an office sends. A file that takes from a unit more
    than `import_shrink_count` members (or cells) and more than `import_shrink_share` of it waits for a confirmation.
    """

    model_config = SettingsConfigDict(env_prefix="MEMBERSHIP_", frozen=True)

    name: str = "membership"
    identity_secret: SecretStr = Field(min_length=16)
    mappings: Path = Path("samples/mapping")
    import_max_bytes: int = 64 * 1024 * 1024
    import_shrink_count: int = Field(default=5, ge=0)
    import_shrink_share: float = Field(default=0.2, ge=0, le=1)
    pull_url: str | None = None
    pull_mapping: str = "members"
    pull_token: SecretStr | None = None
    pull_every_seconds: float = Field(default=60, gt=0)
    pull_timeout_seconds: float = Field(default=30, gt=0)
