"""Settings for Kafka: where it is, whether it is encrypted, and who logs in."""

from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shared.messaging.brokers import Brokers, Login, Mechanism
from shared.secret_settings import SecretSettings, authorities


class KafkaSettings(SecretSettings):
    """`kafka_user`: the service's name, if nothing else is said. `kafka_ca_file`: None means the system's authorities.

    There is no login without encryption: it would show the password.
    """

    name: str
    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: Path | None = None
    kafka_sasl_mechanism: Mechanism = "SCRAM-SHA-512"
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None

    @field_validator("kafka_ca_file")
    @classmethod
    def _trusts_kafka(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None and info.data.get("kafka_security") == "PLAINTEXT":
            raise PydanticCustomError("unused", "is given, but KAFKA_SECURITY is PLAINTEXT: nothing would be checked")
        authorities(path)
        return path

    @model_validator(mode="after")
    def _login_complete(self) -> Self:
        if self.kafka_security == "SASL_SSL" and self.kafka_password is None:
            raise PydanticCustomError("no_password", "KAFKA_SECURITY is SASL_SSL: KAFKA_PASSWORD is missing")
        return self

    @property
    def brokers(self) -> Brokers:
        """What every client of Kafka in this process is opened with."""
        tls = None if self.kafka_security == "PLAINTEXT" else authorities(self.kafka_ca_file)
        if self.kafka_security != "SASL_SSL" or self.kafka_password is None:
            return Brokers(self.kafka_bootstrap, tls)
        user = self.kafka_user or self.name
        login = Login(user, self.kafka_password.get_secret_value(), self.kafka_sasl_mechanism)
        return Brokers(self.kafka_bootstrap, tls, login)
