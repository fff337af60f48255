"""segment-analytics-python: one event of one person."""

import json
import sys

from segment.analytics.client import Client

host, write_key, person, event = sys.argv[1:]
failed: list[str] = []
client = Client(
    write_key, host=host, upload_interval=0.05, on_error=lambda e, _: failed.append(str(e))
)
client.track(person, event, {"order_id": "o1", "revenue": 20})
client.shutdown()
print(json.dumps({"failed": failed}))
