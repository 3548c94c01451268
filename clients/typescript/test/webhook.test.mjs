// Real deliveries, as they come and tampered with.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { verifyWebhook, WebhookError } from "../dist/index.js";
import { deploy, purchase, until } from "./deployment.mjs";

let paymux, api, shop, url;
const deliveries = [];
before(async () => {
  paymux = await deploy();
  api = paymux.client();
  shop = createServer(async (request, response) => {
    deliveries.push({ path: request.url, headers: request.headers, body: await buffer(request) });
    response.end();
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  url = `http://127.0.0.1:${shop.address().port}`;
});
after(async () => {
  shop?.close();
  await paymux?.stop();
});

const delivered = (path) => until(() => deliveries.find((d) => d.path === path));
const refused = (fault) => (err) => err instanceof WebhookError && err.fault === fault;

for (const scheme of ["hmac-sha256", "ed25519"]) {
  test(`a delivery signed by ${scheme}`, async () => {
    const endpoint = await api.webhookEndpoints.create({ url: `${url}/${scheme}`, events: ["payment.succeeded"], signature: scheme });
    const key = endpoint.secret ?? endpoint.public_keys[0].key ?? endpoint.public_keys[0];
    const payment = await api.payments.create(purchase());
    const came = await delivered(`/${scheme}`);

    const event = await verifyWebhook(came, key);
    assert.equal(event.id, came.headers["webhook-id"]);
    assert.equal(event.type, "payment.succeeded");
    assert.equal(event.data.object.id, payment.id);
    assert.deepEqual(await api.events.get(event.id), event);
    assert.deepEqual(await verifyWebhook({ body: came.body.toString(), headers: new Headers(came.headers) }, [stranger(scheme), key]), event);

    const with_ = (headers, body = came.body) => ({ body, headers: { ...came.headers, ...headers } });
    const at = Number(came.headers["webhook-timestamp"]);
    const later = (seconds) => ({ now: () => new Date((at + seconds) * 1000) });
    await assert.rejects(verifyWebhook(with_({}, Buffer.from(came.body.toString().replace("1250", "9250"))), key), refused("wrong_signature"));
    await assert.rejects(verifyWebhook(with_({ "webhook-id": "evt_other" }), key), refused("wrong_signature"));
    await assert.rejects(verifyWebhook(with_({ "webhook-timestamp": String(at + 1) }), key), refused("wrong_signature"));
    await assert.rejects(verifyWebhook(came, stranger(scheme)), refused("wrong_signature"));
    await assert.rejects(verifyWebhook(with_({ "webhook-signature": undefined }), key), refused("missing_header"));
    await assert.rejects(verifyWebhook(with_({ "webhook-timestamp": "1e9" }), key), refused("malformed_header"));
    await assert.rejects(verifyWebhook(with_({ "webhook-id": ["a", "b"] }), key), refused("malformed_header"));
    await assert.rejects(verifyWebhook(with_({ "webhook-signature": "v1,AAAA ".repeat(17) }), key), refused("malformed_header"));
    await assert.rejects(verifyWebhook(came, key, later(301)), refused("stale_timestamp"));
    await assert.rejects(verifyWebhook(came, key, later(-301)), refused("stale_timestamp"));
    await assert.rejects(verifyWebhook(came, key, { toleranceSeconds: NaN }), refused("stale_timestamp"));
    assert.equal((await verifyWebhook(came, key, later(300))).id, event.id);
    assert.equal((await verifyWebhook(came, key, { ...later(900), toleranceSeconds: 900 })).id, event.id);
    await api.webhookEndpoints.delete(endpoint.id);
  });
}

/** Another endpoint's key. */
function stranger(scheme) {
  return scheme === "ed25519" ? `whpk_${Buffer.alloc(32, 9).toString("base64")}` : `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
}

test("a rotated secret: both verify while both live", async () => {
  const endpoint = await api.webhookEndpoints.create({ url: `${url}/rotated` });
  const { secret } = await api.webhookEndpoints.rotateSecret(endpoint.id, { expire_seconds: 3600 });
  assert.notEqual(secret, endpoint.secret);
  const sent = await api.webhookEndpoints.test(endpoint.id);
  const came = await delivered("/rotated");
  for (const key of [secret, endpoint.secret]) assert.equal((await verifyWebhook(came, key)).id, sent.id);
  assert.equal((await api.webhookEndpoints.update(endpoint.id, { events: ["refund.succeeded"] })).events[0], "refund.succeeded");
  assert.ok((await api.webhookEndpoints.list()).some((e) => e.id === endpoint.id));
});

// A vector by the specification's text, made with Node's own HMAC.
test("the signed text is id.timestamp.body", async () => {
  const raw = Buffer.alloc(24, 1);
  const body = '{"id":"evt_1","type":"future.thing","extra":{"kept":[1,"你"]}}';
  const now = () => new Date(1_700_000_000_000);
  const mac = createHmac("sha256", raw).update(`evt_1.1700000000.${body}`).digest("base64");
  const headers = { "Webhook-Id": "evt_1", "Webhook-Timestamp": "1700000000", "Webhook-Signature": `v1a,AAAA v2,xx v1,${Buffer.alloc(32).toString("base64")} v1,${mac}` };
  const event = await verifyWebhook({ body, headers }, `whsec_${raw.toString("base64")}`, { now });
  assert.deepEqual(event, JSON.parse(body)); // a type and members nobody knows are kept
  for (const entry of [`v1,${mac.slice(0, -4)}`, `v2,${mac}`, `v1a,${mac}`, mac, `v1,${mac.replace("=", "")}`, "v1,", "v1"]) {
    const spoilt = { ...headers, "Webhook-Signature": entry };
    await assert.rejects(verifyWebhook({ body, headers: spoilt }, `whsec_${raw.toString("base64")}`, { now }), refused("wrong_signature"), entry);
  }
});

test("keys of another kind are refused, and not shown", async () => {
  const raw = Buffer.alloc(32, 5).toString("base64");
  for (const key of [raw, `whsk_${raw}`, `whsec_${Buffer.alloc(23).toString("base64")}`, "whpk_AAAA", "whsec_!", ""]) {
    await assert.rejects(verifyWebhook({ body: "", headers: {} }, key), (err) => refused("bad_key")(err) && !err.message.includes(raw));
  }
});

test("a body that cannot be read is not half an event", async () => {
  const raw = Buffer.alloc(24, 1);
  const key = `whsec_${raw.toString("base64")}`;
  for (const body of [Buffer.from([0x22, 0xff, 0x22]), "{", '{"data":{"object":{"amount":9007199254740993}}}']) {
    const at = String(Math.floor(Date.now() / 1000));
    const mac = createHmac("sha256", raw).update(`e.${at}.`).update(body).digest("base64");
    await assert.rejects(verifyWebhook({ body, headers: { "webhook-id": "e", "webhook-timestamp": at, "webhook-signature": `v1,${mac}` } }, key), refused("bad_body"));
  }
});
