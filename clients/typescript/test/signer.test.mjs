// Signatures as the server judges them.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { after, before, test } from "node:test";
import { signEd25519, signHmac, signWith } from "../dist/index.js";
import { contentDigest } from "../dist/signer.js";
import { deploy, purchase } from "./deployment.mjs";

let paymux, bearer;
const pair = generateKeyPairSync("ed25519");
const publicPem = pair.publicKey.export({ type: "spki", format: "pem" });
const privatePem = pair.privateKey.export({ type: "pkcs8", format: "pem" });

before(async () => {
  paymux = await deploy();
  bearer = paymux.client();
});
after(() => paymux?.stop());

/** A client that signs and has no bearer key. */
const signing = (signer, more = {}) => paymux.client({ key: undefined, signer, ...more });

/** Registers a key by its public half. */
const register = async (kind, pem) => (await bearer.call("POST", "/v1/api_keys", { kind, name: "test", public: pem })).id;

/** Does what covers every shape of a request: with a body, without, with a query, a question. */
async function works(api) {
  const payment = await api.payments.create(purchase({ description: "café 你好", metadata: { note: "a\"b\\c" } }));
  assert.equal(payment.status, "succeeded");
  assert.equal((await api.payments.sync(payment.id)).id, payment.id);
  assert.equal((await api.payments.list({ merchant_order_id: payment.merchant_order_id, "created[gte]": "2020-01-01T00:00:00Z" }).all()).length, 1);
  assert.equal((await api.payments.get(payment.id, { expand: ["operations", "refunds"] })).operations.length, 1);
}

test("HMAC-SHA256", () => works(signing(signHmac(paymux.signingKey, paymux.signingSecret))));

test("Ed25519, from PEM", async () => works(signing(signEd25519(await register("ed25519", publicPem), privatePem))));

test("Ed25519, from a CryptoKey that nobody can read", async () => {
  const made = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const raw = Buffer.from(await crypto.subtle.exportKey("spki", made.publicKey)).toString("base64");
  const id = await register("ed25519", `-----BEGIN PUBLIC KEY-----\n${raw}\n-----END PUBLIC KEY-----\n`);
  await works(signing(signEd25519(id, made.privateKey)));
});

test("a key that is elsewhere signs by a function", async () => {
  const id = await register("ed25519", publicPem);
  await works(signing(signWith(id, "ed25519", async (bytes) => sign(null, bytes, pair.privateKey))));
});

test("what is wrong is refused", async () => {
  const other = Buffer.alloc(32, 7).toString("base64");
  await assert.rejects(signing(signHmac(paymux.signingKey, other)).payments.create(purchase()), { code: "signature_invalid" });
  await assert.rejects(signing(signHmac("key_nobody", other)).merchant(), { code: "unauthenticated" });
  const spoilt = signHmac(paymux.signingKey, paymux.signingSecret);
  const tampering = (edit) => (url, init) => fetch(url, { ...init, ...edit(init) });
  for (const edit of [
    (init) => ({ body: Buffer.from(init.body).toString().replace("1250", "9250") }),
    () => ({ method: "PATCH" }),
    (init) => ({ headers: { ...Object.fromEntries(init.headers), "idempotency-key": '"other"' } }),
  ]) {
    await assert.rejects(signing(spoilt, { fetch: tampering(edit) }).payments.create(purchase()), (err) => err.code === "signature_invalid" || err.code === "method_not_allowed");
  }
});

test("each attempt has a signature of its own, also where something on the way sends one twice", async () => {
  const inputs = [];
  const twice = async (url, init) => {
    inputs.push(init.headers.get("signature-input"));
    if (inputs.length === 1) await (await fetch(url, init)).arrayBuffer(); // its answer is lost
    return fetch(url, init);
  };
  let told;
  const api = signing(signHmac(paymux.signingKey, paymux.signingSecret), { fetch: twice });
  const payment = await api.payments.create(purchase(), { onAnswer: (answered) => (told = answered) });
  assert.equal(told.replayed, true);
  assert.equal(new Set(inputs).size, 2);
  assert.deepEqual((await paymux.charges(payment.id)).map((c) => c.effects), [1]);
});

test("keys that cannot be one are refused, and not shown", async () => {
  for (const make of [() => signHmac("key_1", "not base64!"), () => signHmac("key_1", ""), () => signEd25519("key_1", "-----BEGIN PRIVATE KEY-----\nAAA*\n-----END PRIVATE KEY-----"), () => signHmac('key"', "AAAA")]) {
    assert.throws(make, (err) => err instanceof TypeError && !/not base64!|AAA/.test(err.message));
  }
  await assert.rejects(signing(signEd25519("key_1", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")).merchant());
});

// RFC 9530, appendix B.1.
test("the digest of a body is RFC 9530's", async () => {
  assert.equal(await contentDigest(new TextEncoder().encode('{"hello": "world"}\n')), "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
});
