"""Where settings come from: variables, files of secrets; and examples of secrets, which only a demo may use."""

from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

# Where Compose and Kubernetes put secrets: each a file called like its variable, in small letters.
SECRETS = Path("/run/secrets")
# Before the name of a variable that holds for all services, where one has none of its own.
COMMON = "SERVICE_"
# How every secret begins that stands in the repository.
EXAMPLE = "example-"


class SecretSettings(BaseSettings):
    """A service's own variable wins over the common one, and both over a file.

    `demo`: examples of secrets are accepted. `database_password` goes into `database_url`, if that names a user alone.
    `database_ca_file`: whose certificate PostgreSQL must show, on an encrypted connection; it goes there too.
    """

    model_config = SettingsConfigDict(frozen=True)

    demo: bool = False
    database_password: SecretStr | None = None
    database_ca_file: Path | None = None
    database_url: str

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The library warns of a folder that is not there; on a developer's machine it never is.
        files = SecretsSettingsSource(settings_cls, SECRETS if SECRETS.is_dir() else None)
        return init_settings, env_settings, EnvSettingsSource(settings_cls, env_prefix=COMMON), files

    @field_validator("*")
    @classmethod
    def _no_example(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - any field's
        if isinstance(value, SecretStr):
            _refuse_example(value.get_secret_value(), info)
        return value

    @field_validator("database_ca_file")
    @classmethod
    def _trusts_database(cls, path: Path | None) -> Path | None:
        if path is not None:
            authorities(path)
        return path

    @field_validator("database_url")
    @classmethod
    def _encrypted(cls, url: str, info: ValidationInfo) -> str:
        """In the address itself, where asyncpg, dbmate and psql all look."""
        given = info.data.get("database_ca_file")
        if given is None:
            return url
        parts = urlsplit(url)
        said = dict(parse_qsl(parts.query))
        if said.get("sslmode", "verify-full") != "verify-full":
            raise PydanticCustomError(
                "not_verified", f"says sslmode={said['sslmode']}, but DATABASE_CA_FILE is given: leave sslmode out"
            )
        said |= {"sslmode": "verify-full", "sslrootcert": str(given)}
        return urlunsplit(parts._replace(query=urlencode(said, safe="/")))

    @field_validator("database_url")
    @classmethod
    def _with_password(cls, url: str, info: ValidationInfo) -> str:
        parts = urlsplit(url)
        if parts.password is not None:
            _refuse_example(parts.password, info)
        given = info.data.get("database_password")
        if given is None or parts.username is None or parts.password is not None:
            return url
        login, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{login}:{quote(given.get_secret_value(), safe='')}@{host}"))


def authorities(path: Path | None) -> SSLContext:
    """Trusts the certificates in the file at `path`, or those that the system trusts."""
    try:
        return create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise PydanticCustomError("no_authority", f"no certificates can be read from {path}: {error}") from error


def _refuse_example(secret: str, info: ValidationInfo) -> None:
    if secret.startswith(EXAMPLE) and not info.data.get("demo"):
        raise PydanticCustomError(
            "example_secret", "is an example that everybody can read; make your own with `make secrets`"
        )
