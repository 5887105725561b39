"""Settings of the evaluation service, from variables that begin with EVALUATION_."""

from pydantic_settings import SettingsConfigDict

from shared.service import ServiceSettings


class EvaluationSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="EVALUATION_", frozen=True)

    name: str = "evaluation"
