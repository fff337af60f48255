// @segment/analytics-node: one event of each kind, as its documentation has them.
import { Analytics } from "@segment/analytics-node";

const [, , host, writeKey] = process.argv;
const analytics = new Analytics({ host, writeKey, flushAt: 20, flushInterval: 50 });
const failed = [];
analytics.on("error", (error) => failed.push(String(error.reason ?? error.code)));
const userId = "node-1";
analytics.identify({ userId, traits: { plan: "gold", city: "Köln" } });
analytics.track({ userId, event: "Product Viewed", properties: { price: 4.5 } });
analytics.page({ userId, name: "Home", properties: { url: "https://shop.example/" } });
analytics.screen({ userId, name: "Cart" });
analytics.group({ userId, groupId: "g1", traits: { name: "Household" } });
analytics.alias({ userId, previousId: "anon-1" });
analytics.track({ anonymousId: "anon-2", event: "Product Added" });
await analytics.closeAndFlush({ timeout: 5000 });
console.log(JSON.stringify({ failed }));
