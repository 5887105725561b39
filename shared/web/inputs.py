"""What every body that a client sends has in common."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


def _storable(text: str) -> str:
    # PostgreSQL's text cannot hold it, and inside a JSON text it would hide as an escape until somebody reads it.
    if "\x00" in text:
        raise ValueError("không được chứa ký tự U+0000")
    return text


# Kept in an erasable table, never in an event. Its length is said where it is used: Field(max_length=500).
FreeText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_storable)]


class Input(BaseModel):
    """A command's body. A field that nobody knows is a typing error, so it is refused and not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
