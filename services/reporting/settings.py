"""Settings of the reporting service, from variables that begin with REPORTING_."""

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import SettingsConfigDict

from shared.service import ServiceSettings


class ReportingSettings(ServiceSettings):
    """`oidc_client_secret`: what the provider knows `oidc_client_id` by, as it is here that browsers log in."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_", frozen=True)

    name: str = "reporting"
    oidc_client_secret: SecretStr | None = Field(default=None, min_length=16)

    @model_validator(mode="after")
    def _browser_login_complete(self) -> Self:
        if self.oidc_client_id and not (self.oidc_client_secret and self.front_door):
            raise PydanticCustomError(
                "half_a_login", "OIDC_CLIENT_ID is given: OIDC_CLIENT_SECRET or FRONT_DOOR is missing"
            )
        return self

    @property
    def client(self) -> tuple[str, SecretStr, str] | None:
        """As what browsers log in: id, secret, and where they come back to. None: they do not."""
        if self.oidc_client_id and self.oidc_client_secret and self.front_door:
            return self.oidc_client_id, self.oidc_client_secret, self.front_door
        return None
