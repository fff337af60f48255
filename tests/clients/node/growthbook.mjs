// @growthbook/growthbook: features by HTTP, changes by its stream, experiments by its own hash.
import { GrowthBook, setPolyfills } from "@growthbook/growthbook";
import { EventSource } from "eventsource";

const [, , apiHost, clientKey, people] = process.argv;
setPolyfills({ EventSource });
const open = async (attributes) => {
  const gb = new GrowthBook({ apiHost, clientKey, attributes });
  const done = await gb.init({ timeout: 4000, streaming: true });
  return [gb, done];
};
const [gb, done] = await open({ id: "u1", plan: "gold" });
const first = { success: done.success, gold: gb.isOn("gold"), feature: gb.evalFeature("gold").source };
const variations = {};
for (let n = 0; n < Number(people); n++) {
  await gb.setAttributes({ id: `u${n}`, plan: n % 2 ? "gold" : "free" });
  variations[`u${n}`] = gb.getFeatureValue("hero", "none");
}
console.log(JSON.stringify({ first, variations })); // the test publishes once it has read this
await gb.setAttributes({ id: "u1", plan: "gold" });
const changed = await new Promise((resolve) => {
  const look = setInterval(() => {
    if (gb.getFeatures().later !== undefined) {
      clearInterval(look);
      resolve(true);
    }
  }, 20);
  setTimeout(() => resolve(false), 8000);
});
console.log(JSON.stringify({ changed, later: gb.isOn("later") }));
gb.destroy();
process.exit(0);
