"""rudder-sdk-python: one event of each kind, as its documentation has them."""

import json
import sys

import rudderstack.analytics as rudder

rudder.dataPlaneUrl, rudder.write_key = sys.argv[1:]
failed: list[str] = []
rudder.on_error = lambda error, _: failed.append(str(error))
rudder.gzip = True
rudder.identify("rudder-py-1", {"plan": "silver"})
rudder.track("rudder-py-1", "Order Completed", {"revenue": 20, "order_id": "o1"})
rudder.page("rudder-py-1", "Docs", "Home")
rudder.screen("rudder-py-1", "Docs", "Cart")
rudder.group("rudder-py-1", "g1")
rudder.alias("anon-1", "rudder-py-1")
rudder.shutdown()
print(json.dumps({"failed": failed}))
