"""JSON Schemas of what stands beside an event on its topic: the headers of a record, and a progress record."""

from typing import Any

Schema = dict[str, Any]

UUID: Schema = {"type": "string", "format": "uuid"}
TEXT: Schema = {"type": "string"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
PLACE: Schema = {"type": "integer", "minimum": 0}

LOG: Schema = {
    "type": "object",
    "properties": {
        "stream": TEXT,
        "version": PLACE | {"description": "Of the stream, after this event."},
        "command_id": UUID,
        "n": PLACE | {"description": "Counts the events of the command, from 0: they arrive together, or none."},
        "recorded_at": MOMENT,
        "metadata": {
            "type": "object",
            "properties": {
                "correlation_id": UUID,
                "actor": TEXT | {"description": "`office:<id>`, `member:<id>` or `client:<id>`, or a service's part."},
                "causation_id": UUID,
                "on_behalf_of": TEXT,
                "traceparent": TEXT,
                "body_hash": TEXT | {"description": "Keyed: says nothing outside of its service."},
            },
            "required": ["correlation_id", "actor"],
        },
        "prev": PLACE
        | {"description": "Position of the record before on this partition; 0: none. Above yours: a gap."},
    },
    "required": ["stream", "version", "command_id", "n", "recorded_at", "metadata", "prev"],
}
HEADERS: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, binary mode. All values are UTF-8 text.",
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": UUID | {"description": "The event's id: identity, never order."},
        "ce_type": {"type": "string", "pattern": r"^[A-Za-z]+\.v[0-9]+$", "description": "Type and schema version."},
        "ce_source": TEXT | {"description": "The log's id, the name of its service."},
        "ce_time": MOMENT | {"description": "When it was recorded."},
        "ce_sequence": {"type": "string", "pattern": "^[0-9]+$", "description": "The position in the log."},
        "log": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "JSON: see `x-content-schema`.",
            "x-content-schema": LOG,
        },
        "traceparent": TEXT | {"description": "W3C trace context of the request that caused it."},
    },
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_sequence", "log"],
}
PROGRESS_RECORD: Schema = {
    "type": "object",
    "properties": {
        "log_id": TEXT,
        "position": PLACE,
        "time": MOMENT,
        "end_offsets": {"type": "object", "additionalProperties": PLACE, "description": "By partition."},
        "last": {
            "type": "object",
            "additionalProperties": PLACE,
            "description": "By partition: position of its last event.",
        },
    },
    "required": ["log_id", "position", "time", "end_offsets", "last"],
}
