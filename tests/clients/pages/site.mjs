// A site: analytics-next sends events, OpenFeature's web provider and GrowthBook ask for answers.
import { AnalyticsBrowser } from "@segment/analytics-next";
import { OpenFeature } from "@openfeature/web-sdk";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { GrowthBook } from "@growthbook/growthbook";

window.start = async (api, key, person) => {
  const analytics = AnalyticsBrowser.load(
    { writeKey: key, cdnURL: api },
    { integrations: { "Segment.io": { apiHost: `${new URL(api).host}/v1`, protocol: "http" } } },
  );
  await analytics.ready();
  await OpenFeature.setContext({ targetingKey: person });
  const headers = [["Authorization", `Bearer ${key}`]];
  await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: api, headers, pollInterval: 0 }));
  const client = OpenFeature.getClient();
  const gb = new GrowthBook({ apiHost: api, clientKey: key, attributes: { id: person, plan: "gold" } });
  await gb.init({ timeout: 4000, streaming: true });
  window.site = {
    identify: (traits) => analytics.identify(person, traits),
    track: (event, properties) => analytics.track(event, properties),
    anonymousId: async () => (await analytics.user()).anonymousId(),
    flag: (name, otherwise) => client.getBooleanDetails(name, otherwise),
    ask: async () => OpenFeature.setContext({ targetingKey: person, now: String(Date.now()) }),
    feature: (name) => gb.isOn(name),
    features: () => Object.keys(gb.getFeatures()),
  };
};
