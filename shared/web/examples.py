"""Examples of bodies in the OpenAPI documents. A test sends each to a running system, with ids that exist there.

The ids are those of the examples of events.
"""

from typing import Any

from pydantic import ConfigDict

CELL = "59e4aa5d-01ba-4b07-83da-58b5c1ae1b36"
OTHER_CELL = "14cf32ef-3153-44eb-8cd9-0cbce610a2c7"
PROVINCE = "c2f5bd44-5c9c-4b4d-9c0e-3c7a4d0a1e55"
MEETING = "6f17343c-a94c-497e-aa41-8293800e5186"
SITTING = "2e06f242-4414-4373-84e7-1b9c18ff0b25"
DOCUMENT = "7d1f3a52-30c4-4c35-9b57-5c0f1e1f6a01"
RESOLUTION = "b8a0f0a6-2a43-4a0e-8a55-9f1f6a3c7d02"
# The event of a change that was recorded in error.
CHANGE = "9a4e7c10-2d3b-4f58-8e61-0c7d5b2f9a05"
# One who comes and leaves early, one who is ill, one who is entered late.
COMES = "f23fae5b-9bf3-42f9-81c5-c4d41126d40c"
IS_ILL = "0b7f5a1e-6a8d-4f0b-9a53-3f2f0c1d9e03"
IS_LATE = "5e9c2d47-1f6b-4b62-8c0e-7a4b2d8f6c04"


def example(**fields: Any) -> ConfigDict:  # noqa: ANN401 - JSON
    """For `model_config` of an `Input`: a body as a client sends it. Without null, which FastAPI leaves out."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def form_example(**fields: str) -> dict[str, Any]:
    """For `openapi_extra` of a route that takes a form: its fields as a client sends them, a file as its text."""
    return {"requestBody": {"content": {"multipart/form-data": {"example": fields}}}}
