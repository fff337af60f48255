"""segment-analytics-python: one event of each kind, as its documentation has them."""

import json
import sys

from segment.analytics.client import Client

host, write_key = sys.argv[1:]
failed: list[str] = []
client = Client(
    write_key,
    host=host,
    gzip=True,
    upload_interval=0.05,
    on_error=lambda e, _: failed.append(str(e)),
)
client.identify("python-1", {"plan": "gold", "city": "Köln"})
client.track("python-1", "Product Viewed", {"price": 4.5})
client.page("python-1", "Docs", "Home", {"url": "https://shop.example/"})
client.screen("python-1", "Docs", "Cart")
client.group("python-1", "g1", {"name": "Household"})
client.alias("anon-1", "python-1")
client.track(anonymous_id="anon-2", event="Product Added")
client.shutdown()
print(json.dumps({"failed": failed}))
