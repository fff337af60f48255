// @rudderstack/rudder-sdk-node: one event of each kind.
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [, , dataPlaneUrl, writeKey] = process.argv;
const Rudder = RudderAnalytics.default ?? RudderAnalytics;
const client = new Rudder(writeKey, { dataPlaneUrl, flushAt: 20, flushInterval: 50, gzip: true });
const userId = "rudder-1";
client.identify({ userId, traits: { plan: "silver" } });
client.track({ userId, event: "Order Completed", properties: { revenue: 20, order_id: "o1" } });
client.page({ userId, name: "Home" });
client.screen({ userId, name: "Cart" });
client.group({ userId, groupId: "g1" });
client.alias({ userId, previousId: "anon-1" });
const answers = await new Promise((resolve) => client.flush((error) => resolve({ failed: error ? [String(error)] : [] })));
console.log(JSON.stringify(answers));
process.exit(0);
