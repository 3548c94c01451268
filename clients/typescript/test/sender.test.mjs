// What is repeated, where and when, against answers that are made up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, List, Paymux, ProblemError, UnsafeIntegerError, UnsettledError } from "../dist/index.js";
import { Frontends } from "../dist/frontends.js";

const a = "https://a.example";
const b = "https://b.example";
const paid = { status: 201, body: { id: "pay_1", status: "succeeded", amount: 1250 } };
const problem = (status, code, headers) => ({ status, body: { code, detail: "…" }, headers });
const page = (status) => ({ status, text: "<html>secret banner</html>" });
const cut = new TypeError("fetch failed", { cause: Object.assign(new Error("reset"), { code: "ECONNRESET", syscall: "read" }) });
const refused = new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED", syscall: "connect" }) });

/** A client whose requests get these answers, the last of them for ever, and what it asked. */
function client(answers, config = {}) {
  const asked = [];
  const fetch = async (url, { method, headers, body }) => {
    asked.push({ base: new URL(url).origin, path: url.slice(new URL(url).origin.length), method, headers, body: body && Buffer.from(body).toString() });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return new Response(answer.text ?? JSON.stringify(answer.body), { status: answer.status, headers: answer.headers ?? {} });
  };
  return { asked, api: new Paymux({ baseUrl: [a, b], key: "sk", fetch, ...config }) };
}

for (const [name, first, bases] of [
  ["refused connection", refused, [a, b]],
  ["reset", cut, [a, b]],
  ["a proxy's 502", page(502), [a, b]],
  ["a proxy's 503", page(503), [a, b]],
  ["a proxy's 504", page(504), [a, b]],
  ["not ready", problem(503, "unavailable", { "retry-after": "60" }), [a, b]],
  ["rate limited", problem(429, "rate_limited"), [a, a]],
  ["in flight", problem(409, "idempotency_key_in_flight"), [a, a]],
  ["outcome unknown", problem(504, "outcome_unknown"), [a, a]],
  ["a signature seen before", problem(401, "signature_replayed"), [a, a]],
  ["rate limited for long", problem(429, "rate_limited", { "retry-after": "11" }), [a]],
  ["declined", problem(402, "payment_declined"), [a]],
  ["not sent", problem(502, "not_sent"), [a]],
  ["conflict", problem(409, "state_conflict"), [a]],
  ["internal", problem(500, "internal"), [a]],
  ["a proxy's 404", page(404), [a]],
]) {
  test(`after ${name}`, async () => {
    const { asked, api } = client([first, paid]);
    const call = api.payments.create({ amount: 1250, currency: "CNY", merchant_order_id: "A-1" });
    if (bases.length > 1) assert.equal((await call).id, "pay_1");
    else await assert.rejects(call, (err) => !err.message.includes("banner"));
    assert.deepEqual(asked.map((q) => q.base), bases);
    assert.equal(new Set(asked.map((q) => q.headers.get("idempotency-key") + q.body)).size, 1);
  });
}

for (const [name, answers, unsettled] of [
  ["never a connection", [refused], false],
  ["cut every time", [cut], true],
  ["cut, then nothing was done", [cut, problem(503, "unavailable")], true],
  ["nothing was done", [problem(503, "unavailable")], false],
  ["cut, then the key was revoked", [cut, problem(401, "unauthenticated")], true],
  ["cut, then declined", [cut, problem(402, "payment_declined")], false],
  ["cut, then not sent", [cut, problem(502, "not_sent")], false],
  ["internal", [problem(500, "internal")], true],
  ["unknown until the end", [problem(504, "outcome_unknown")], true],
  ["an answer nobody can read", [{ status: 201, text: "<html>" }], true],
  ["an amount nobody can hold", [{ status: 201, text: '{"amount":9007199254740993}' }], true],
]) {
  test(`${name} is ${unsettled ? "" : "not "}unsettled`, async () => {
    const { asked, api } = client(answers);
    await assert.rejects(api.refunds.create({ payment: "pay_1" }), (err) => {
      assert.equal(err instanceof UnsettledError, unsettled, String(err));
      if (unsettled) assert.equal(asked[0].headers.get("idempotency-key"), `"${err.idempotencyKey}"`);
      return true;
    });
    await assert.rejects(client(answers.slice(-1)).api.refunds.get("re_1"), (err) => !(err instanceof UnsettledError));
  });
}

test("what is asked", async () => {
  const { asked, api } = client([paid], { baseUrl: `${a}/pay/` });
  await api.payments.create({ amount: 1, currency: "CNY", merchant_order_id: "A-1" });
  await api.payments.get("pay_1/../x", { expand: ["refunds"] });
  const [create, get] = asked;
  assert.equal(create.path, "/pay/v1/payments");
  assert.equal(create.headers.get("authorization"), "Bearer sk");
  assert.equal(create.headers.get("content-type"), "application/json");
  assert.match(create.headers.get("idempotency-key"), /^"[0-9a-f-]{36}"$/);
  assert.equal(get.path, "/pay/v1/payments/pay_1%2F..%2Fx?expand%5B%5D=refunds");
  assert.equal(get.headers.get("idempotency-key"), null);
  assert.equal(get.body, undefined);
});

test("a Retry-After is kept", async () => {
  const { asked, api } = client([problem(429, "rate_limited", { "retry-after": "1" }), paid]);
  const begun = performance.now();
  await api.payments.sync("pay_1");
  assert.equal(asked.length, 2);
  assert.ok(performance.now() - begun >= 990);
});

test("a request under way is waited for beyond the attempts, as long as the call may take", async () => {
  const flying = problem(409, "idempotency_key_in_flight");
  assert.equal((await client([...Array(4).fill(flying), paid], { attempts: 1 }).api.payments.sync("pay_1")).id, "pay_1");
  await assert.rejects(client([flying], { timeoutMs: 300 }).api.payments.sync("pay_1"), UnsettledError);
});

test("members and values nobody knows are kept", async () => {
  const body = { id: "pay_1", status: "teleported", amount: 9007199254740991, future: { deep: [1.5, null, "你"] } };
  assert.deepEqual(await client([{ status: 200, body }]).api.payments.get("pay_1"), body);
});

test("an amount that is not exact is never sent or returned", async () => {
  const { asked, api } = client([{ status: 200, text: '{"data":[{"amount":1e400}]}' }]);
  for (const amount of [12.5, NaN, 2 ** 53, 1n]) {
    await assert.rejects(api.payments.create({ amount, currency: "CNY", merchant_order_id: "A" }), (err) => err instanceof UnsafeIntegerError && err.member === "amount");
  }
  assert.equal(asked.length, 0);
  await assert.rejects(api.payments.get("pay_1"), UnsafeIntegerError);
});

test("the caller gives up", async () => {
  const { asked, api } = client([paid]);
  await assert.rejects(api.payments.sync("pay_1", { signal: AbortSignal.abort(new Error("changed my mind")) }), /changed my mind/);
  assert.equal(asked.length, 0);

  const giving = new AbortController();
  const hanging = (_, { signal }) => new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    giving.abort();
  });
  await assert.rejects(client([], { fetch: hanging }).api.payments.sync("pay_1", { signal: giving.signal }), UnsettledError);

  const waiting = new AbortController();
  const limited = client([problem(429, "rate_limited", { "retry-after": "9" })]);
  setTimeout(() => waiting.abort(), 20);
  await assert.rejects(limited.api.payments.sync("pay_1", { signal: waiting.signal }), ProblemError);
  assert.equal(limited.asked.length, 1);
});

test("a frontend that failed comes last for half a minute; then one call finds out", () => {
  const frontends = new Frontends(["a", "b", "c"]);
  assert.deepEqual(frontends.order(0), [0, 1, 2]);
  frontends.failed(0, 0);
  assert.deepEqual(frontends.order(29_999), [1, 2, 0]);
  assert.deepEqual(frontends.order(30_000), [0, 1, 2]);
  assert.deepEqual(frontends.order(30_001), [1, 2, 0]);
  frontends.works(0);
  assert.deepEqual(frontends.order(30_002), [0, 1, 2]);
  frontends.failed(2, 1);
  frontends.failed(1, 2);
  assert.deepEqual(frontends.order(3), [0, 2, 1]);
});

test("the error of a signer is told as it is", async () => {
  const { api } = client([paid], { key: undefined, signer: { sign: async () => Promise.reject(new Error("the HSM is away")) } });
  await assert.rejects(api.payments.sync("pay_1"), { message: "the HSM is away" });
});

test("an iteration ends with its error", async () => {
  const list = new List(async (cursor) => {
    if (cursor) throw new ConnectionError("gone");
    return { data: [1, 2], has_more: true, next_cursor: "2" };
  });
  const seen = [];
  await assert.rejects((async () => {
    for await (const one of list) seen.push(one);
  })(), ConnectionError);
  assert.deepEqual(seen, [1, 2]);
});

test("configurations that cannot work", () => {
  for (const config of [{ baseUrl: "" }, { baseUrl: [] }, { baseUrl: "pay.example" }, { baseUrl: "ftp://pay.example" }, { baseUrl: "https://u:p@pay.example" }, { baseUrl: [a, "https://b.example?x"] }, { baseUrl: a, key: "sk", signer: {} }]) {
    assert.throws(() => new Paymux(config), TypeError);
  }
  const { api } = client([paid]);
  return assert.rejects(api.payments.sync("pay_1", { idempotencyKey: "a\nb" }), TypeError);
});

test("a call continues the trace it is given, and nothing that is none", async () => {
  const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  for (const [given, sent] of [[parent, parent], [undefined, null], ["x\r\ny: z", null]]) {
    const { api, asked } = client([paid]);
    await api.payments.get("pay_1", given === undefined ? {} : { traceparent: given });
    assert.equal(asked[0].headers.get("traceparent"), sent);
  }
});
