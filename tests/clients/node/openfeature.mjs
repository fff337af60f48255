// @openfeature/server-sdk with @openfeature/ofrep-provider: what it makes of our answers.
import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";

const [, , baseUrl, key] = process.argv;
const headers = [["Authorization", `Bearer ${key}`]];
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
const client = OpenFeature.getClient();
const who = { targetingKey: "u1" };
const answers = {
  in: await client.getBooleanDetails("gold", false, who),
  out: await client.getBooleanDetails("gold", true, { targetingKey: "u2" }),
  overlaid: await client.getBooleanDetails("gold", false, { targetingKey: "u2", plan: "gold" }),
  split: await client.getStringDetails("hero", "none", who),
  missing: await client.getBooleanDetails("nothing", true, who),
  nobody: await client.getBooleanDetails("gold", true, {}),
  wrong: await client.getStringDetails("gold", "none", who),
};
const forbidden = new OFREPProvider({ baseUrl, headers: [["Authorization", "Bearer kd_x_y"]] });
await OpenFeature.setProviderAndWait("unknown key", forbidden);
answers.unauthorized = await OpenFeature.getClient("unknown key").getBooleanDetails("gold", true, who);
console.log(JSON.stringify(answers));
await OpenFeature.close();
