"""What was said about an absence, as the body of its erasable text: an event only holds a reference to it."""

from pydantic import BaseModel, ConfigDict


class Said(BaseModel):
    """`reason`: a code such as "illness", personal like the words beside it (docs/adr/0005)."""

    model_config = ConfigDict(frozen=True)

    reason: str
    note: str | None = None
