"""Settings of the meetings service, from variables that begin with MEETINGS_."""

from pydantic_settings import SettingsConfigDict

from shared.service import ServiceSettings


class MeetingsSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="MEETINGS_", frozen=True)

    name: str = "meetings"
