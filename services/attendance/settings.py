"""Settings of the attendance service, from variables that begin with ATTENDANCE_."""

from pydantic_settings import SettingsConfigDict

from shared.service import ServiceSettings


class AttendanceSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ATTENDANCE_", frozen=True)

    name: str = "attendance"
