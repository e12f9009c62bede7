// Shopify's own JavaScript library as a judge: a JSON line in, a verdict per line out. {"kind", "secret", ...}
import "@shopify/shopify-api/adapters/node";
import { LogSeverity, shopifyApi } from "@shopify/shopify-api";
import { createInterface } from "node:readline";

const apis = new Map();

function api({ client, secret }) {
  if (!apis.has(secret)) {
    apis.set(
      secret,
      shopifyApi({
        apiKey: client,
        apiSecretKey: secret,
        apiVersion: "2026-10",
        hostName: "app.test",
        isEmbeddedApp: true,
        logger: { level: LogSeverity.Error, log: () => {} },
      }),
    );
  }
  return apis.get(secret);
}

const judges = {
  install: (asked) => api(asked).utils.validateHmac(Object.fromEntries(new URLSearchParams(asked.query))),
  proxy: (asked) => api(asked).utils.validateHmac(new URLSearchParams(asked.query), { signator: "appProxy" }),
  token: async (asked) => Boolean(await api(asked).session.decodeSessionToken(asked.token)),
  webhook: async (asked) => {
    const rawRequest = { method: "POST", url: "/", headers: asked.headers };
    return (await api(asked).webhooks.validate({ rawBody: asked.body, rawRequest, rawResponse: {} })).valid;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const verdict = await Promise.resolve()
    .then(() => judges[asked.kind](asked))
    .catch(() => false);
  console.log(JSON.stringify(verdict === true));
}
