"""Settings of the reporting service, from variables that begin with REPORTING_."""

from pydantic_settings import SettingsConfigDict

from shared.service import ServiceSettings


class ReportingSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="REPORTING_", frozen=True)

    name: str = "reporting"
