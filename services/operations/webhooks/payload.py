"""What a receiver gets: the event as on its topic, as one CloudEvent in JSON. Ids, codes and dates, never a name."""

import json

from services.operations.webhooks.tables import Head

CONTENT_TYPE = "application/cloudevents+json"


def body_of(head: Head) -> bytes:
    """The attributes are the topic's headers; `data` is the recorded JSON, byte for byte."""
    attributes = {
        "specversion": "1.0",
        "id": str(head.event_id),
        "type": f"{head.type}.v{head.schema_version}",
        "source": head.log_id,
        "subject": head.stream,
        "time": head.recorded_at.isoformat(),
        "sequence": str(head.position),
        "partitionkey": head.key,
        "datacontenttype": "application/json",
    }
    opened = json.dumps(attributes, separators=(",", ":"), ensure_ascii=False).removesuffix("}")
    return f'{opened},"data":{head.data}}}'.encode()
