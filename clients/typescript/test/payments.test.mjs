// Payments from end to end, against a real Paymux and its sandbox.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DeclinedError, ProblemError } from "../dist/index.js";
import { deploy, order, purchase, until } from "./deployment.mjs";

let paymux, api;
before(async () => {
  paymux = await deploy();
  api = paymux.client();
});
after(() => paymux?.stop());

test("a payment is made, paid, looked at and refunded", async () => {
  const made = await api.payments.create({ amount: 1250, currency: "CNY", merchant_order_id: order(), payment_method: { type: "wechat_pay" } });
  assert.equal(made.status, "requires_action");
  assert.equal(made.next_action.type, "display_qr");
  await paymux.payer(made.id, "approve");
  const paid = await until(async () => {
    const now = await api.payments.get(made.id);
    return now.status === "succeeded" && now;
  });
  assert.equal(paid.amount_received, 1250);

  const refund = await api.refunds.create({ payment: made.id, amount: 250, reason: "one pack" });
  assert.equal(refund.amount, 250);
  await until(async () => (await api.refunds.get(refund.id)).status === "succeeded");
  assert.deepEqual((await api.refunds.list({ payment: made.id }).all()).map((r) => r.id), [refund.id]);

  const whole = await api.payments.get(made.id, { expand: ["operations", "refunds"] });
  assert.deepEqual(whole.refunds.map((r) => r.id), [refund.id]);
  assert.deepEqual(whole.operations.map((o) => o.kind).sort(), ["pay", "refund"]);
  assert.deepEqual((await api.payments.operations(made.id)).map((o) => o.id).sort(), whole.operations.map((o) => o.id).sort());
  assert.ok((await api.payments.timeline(made.id)).length >= 4);
});

test("a payment waits for its method, is reserved, captured in part and released", async () => {
  const made = await api.payments.create({ amount: 3000, currency: "CNY", merchant_order_id: order(), capture_method: "manual" });
  assert.equal(made.status, "created");
  const reserved = await api.payments.confirm(made.id, { payment_method: purchase().payment_method });
  assert.equal(reserved.status, "authorized");
  assert.equal(reserved.amount_capturable, 3000);
  const captured = await api.payments.capture(made.id, { amount: 1000, final: false });
  assert.equal(captured.amount_received, 1000);

  const other = await api.payments.create(purchase({ capture_method: "manual" }));
  assert.equal((await api.payments.cancel(other.id, { reason: "out of stock" })).status, "canceled");
  assert.equal((await api.payments.sync(made.id)).id, made.id);
});

test("a repeat with the same key has the first one's answer and no second effect", async () => {
  const wish = purchase();
  const told = [];
  const options = { idempotencyKey: `order "${wish.merchant_order_id}" \\ 1`, onAnswer: (answered) => told.push(answered) };
  const first = await api.payments.create(wish, options);
  const second = await api.payments.create(wish, options);
  assert.deepEqual(second, first);
  assert.deepEqual(told.map((a) => a.replayed), [false, true]);
  assert.equal(told[0].status, 201);
  assert.match(told[0].requestId, /^req_/);
  assert.deepEqual((await paymux.charges(first.id)).map((c) => c.effects), [1]);

  await assert.rejects(api.payments.create({ ...wish, amount: 1300 }, options), { code: "idempotency_key_reused", status: 422 });
});

test("a decline is an error of its own, with the payment", async () => {
  const wish = purchase({ amount: 1202 });
  await assert.rejects(api.payments.create(wish), (err) => {
    assert.ok(err instanceof DeclinedError && err instanceof ProblemError);
    assert.equal(err.code, "payment_declined");
    assert.equal(err.declineCode, "insufficient_funds");
    assert.equal(err.payment.status, "failed");
    assert.equal(err.payment.merchant_order_id, wish.merchant_order_id);
    assert.match(err.requestId, /^req_/);
    assert.equal(err.problem.doc_url, err.problem.type);
    return true;
  });
});

test("faults of a request are named, each with its place", async () => {
  await assert.rejects(api.payments.create({ ...purchase(), amount: -1, currency: "cny" }), (err) => {
    assert.equal(err.code, "invalid_request");
    assert.equal(err.param, "amount");
    assert.deepEqual(err.errors.map((e) => e.location), ["body.amount", "body.currency"]);
    return true;
  });
  await assert.rejects(api.payments.get("pay_nonsense"), { code: "invalid_id" });
  await assert.rejects(api.payments.get("../payments"), { code: "invalid_id" }); // escaped: it is no other path
  assert.throws(() => api.payments.get(".."), TypeError);
  await assert.rejects(paymux.client({ key: "sk_test_nobody" }).merchant(), { code: "unauthenticated", status: 401 });
});

test("an unknown outcome is no error: the payment is found out", async () => {
  const made = await api.payments.create(purchase({ amount: 1205 }));
  assert.notEqual(made.status, "failed");
  await until(async () => (await api.payments.sync(made.id)).status === "succeeded");
  assert.deepEqual((await paymux.charges(made.id)).map((c) => c.effects), [1]);
});

test("lists are read page by page", async () => {
  const wishes = [purchase(), purchase(), purchase()];
  const made = [];
  for (const wish of wishes) made.push((await api.payments.create(wish)).id);
  const found = [];
  for await (const payment of api.payments.list({ limit: 2 })) {
    found.push(payment.id);
    if (found.length === 3) break;
  }
  assert.deepEqual(found, made.toReversed());
  assert.deepEqual(await api.payments.list({ limit: 1 }).all(3).then((all) => all.map((p) => p.id)), found);
  assert.equal((await api.payments.list({ merchant_order_id: wishes[0].merchant_order_id }).all())[0].id, made[0]);
  assert.deepEqual(await api.payments.list({ "created[gte]": "2100-01-01T00:00:00Z" }).all(), []);

  const page = await api.payments.list({ limit: 2 }).page();
  assert.equal(page.has_more, true);
  assert.equal((await api.payments.list({ limit: 1 }).page(page.next_cursor)).data[0].id, made[0]);

  const oldest = await api.events.list({ order: "oldest_first", limit: 1 }).all(2);
  assert.ok(oldest[0].timestamp <= oldest[1].timestamp);
  assert.deepEqual(await api.events.get(oldest[0].id), oldest[0]);
});

test("a payment link is made, found and canceled", async () => {
  const link = await api.paymentLinks.create({ amount: 1250, currency: "CNY", merchant_order_id: order() });
  assert.equal((await api.paymentLinks.get(link.id)).url, link.url);
  assert.equal((await api.paymentLinks.list().all(1))[0].id, link.id);
  assert.notEqual((await api.paymentLinks.cancel(link.id)).status, link.status);
});
