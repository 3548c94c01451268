// What the compiler has to take, and what it has to refuse. It is compiled, by package.test.mjs and `npm run types`, and never run.
import { DeclinedError, type Event, List, Paymux, type Payment, type PaymentExpanded, ProblemError, type Refund, signEd25519, UnsettledError, verifyWebhook } from "../dist/index.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

const paymux = new Paymux({ baseUrl: ["https://a.example", "https://b.example"], signer: signEd25519("key_1", "-----BEGIN…") });
new Paymux({ baseUrl: "https://a.example", key: "sk_test", attempts: 5, timeoutMs: 10_000 });
// @ts-expect-error there has to be a base URL
new Paymux({ key: "sk_test" });

export async function payments(): Promise<void> {
  const payment = await paymux.payments.create({ amount: 1250, currency: "CNY", merchant_order_id: "A-1", payment_method: { type: "wechat_pay", flow: "qr" } }, { idempotencyKey: "A-1-1" });
  same<typeof payment, Payment>(true);
  same<Payment["amount"], number>(true);
  // @ts-expect-error the amount is missing
  await paymux.payments.create({ currency: "CNY", merchant_order_id: "A-1" });
  // @ts-expect-error amounts are numbers of minor units
  await paymux.payments.create({ amount: "12.50", currency: "CNY", merchant_order_id: "A-1" });
  // @ts-expect-error a name that is not one
  await paymux.payments.create({ ammount: 1250, amount: 1250, currency: "CNY", merchant_order_id: "A-1" });
  // @ts-expect-error a method nobody has
  await paymux.payments.confirm("pay_1", { payment_method: { type: "shells" } });

  const whole = await paymux.payments.get("pay_1", { expand: ["refunds", "operations"] });
  same<typeof whole, PaymentExpanded>(true);
  // @ts-expect-error nothing of that name can be added
  await paymux.payments.get("pay_1", { expand: ["events"] });

  for await (const one of paymux.payments.list({ status: "succeeded", "created[gte]": "2026-11-22T00:00:00Z", limit: 50 })) same<typeof one, Payment>(true);
  // @ts-expect-error a status is not teleported
  paymux.payments.list({ status: "teleported" });
  const refunds: List<Refund> = paymux.refunds.list({ payment: payment.id });
  await paymux.webhookEndpoints.update("we_1", { delivery: { retry_seconds: [5, 60] } });
  void refunds;
}

export function failed(err: unknown): string {
  if (err instanceof UnsettledError) return err.idempotencyKey;
  if (err instanceof DeclinedError) return err.payment?.id ?? err.declineCode ?? "";
  if (err instanceof ProblemError) {
    if (err.code === "state_conflict" || err.code === "a code of the future") return err.requestId;
    // @ts-expect-error an error is read, not written
    err.status = 200;
  }
  return "";
}

export async function notified(body: Uint8Array, headers: Headers): Promise<string> {
  const event: Event = await verifyWebhook({ body, headers }, ["whsec_a", "whpk_b"], { toleranceSeconds: 60 });
  if (event.type === "payment.succeeded") {
    same<typeof event.data.object, Payment>(true);
    return event.data.object.merchant_order_id;
  }
  if (event.type === "refund.failed") {
    same<typeof event.data.object, Refund>(true);
    return event.data.object.payment;
  }
  return event.id;
}
