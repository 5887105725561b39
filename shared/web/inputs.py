"""What every body that a client sends has in common."""

from pydantic import BaseModel, ConfigDict


class Input(BaseModel):
    """A command's body. A field that nobody knows is a typing error, so it is refused and not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
