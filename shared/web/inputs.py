"""What every body that a client sends has in common."""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

MOST_ERRORS = 100
TOO_MANY = "có {count} lỗi, quá nhiều để nêu từng lỗi: hãy xem lại cấu trúc của dữ liệu gửi lên"


def storable(text: str) -> str:
    """`text`, unless PostgreSQL cannot keep it."""
    # PostgreSQL's text cannot hold it, and inside a JSON text it would hide as an escape until somebody reads it.
    if "\x00" in text:
        raise ValueError("không được chứa ký tự U+0000")
    return text


# Kept in an erasable table, never in an event. Its length is said where it is used: Field(max_length=500).
FreeText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(storable)]


class Input(BaseModel):
    """A command's body. A field that nobody knows is a typing error, so it is refused and not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _few_errors(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - as it was sent
        # Each error is written out three times on the way to the client, and nobody else is answered meanwhile.
        try:
            return handler(value)
        except ValidationError as error:
            if error.error_count() <= MOST_ERRORS:
                raise
            raise PydanticCustomError("too_many_errors", TOO_MANY, {"count": error.error_count()}) from None
