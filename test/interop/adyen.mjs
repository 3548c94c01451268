// Does with Adyen's own library what a merchant would: signs and checks webhooks, and pays.
// Standard input: {"webhooks": [{name, key, item, body}]} or {"drive": {url, apiKey, merchant, token, shopper}}.
// Standard output: [{name, signature, valid, tampered}], by case, or what the API answered, step by step.
import { readFileSync } from "node:fs";
import library from "@adyen/api-library";

const { CheckoutAPI, Client, hmacValidator } = library;
const input = JSON.parse(readFileSync(0, "utf8"));
const validator = new hmacValidator();

// judge signs an item itself, and checks the webhook as it would arrive, untouched and changed in each signed field.
function judge({ name, key, item, body }) {
  const arrived = () => JSON.parse(body).notificationItems[0].NotificationRequestItem;
  const accepts = (notification) => {
    try { return validator.validateHMAC(notification, key); } catch { return false; }
  };
  const changes = {
    pspReference: (n) => { n.pspReference += "0"; },
    originalReference: (n) => { n.originalReference += "0"; },
    merchantAccountCode: (n) => { n.merchantAccountCode += "0"; },
    merchantReference: (n) => { n.merchantReference += "0"; },
    value: (n) => { n.amount.value += 1; },
    currency: (n) => { n.amount.currency += "X"; },
    eventCode: (n) => { n.eventCode += "X"; },
    success: (n) => { n.success = n.success === "true" ? "false" : "true"; },
    signature: (n) => { n.additionalData.hmacSignature = Buffer.alloc(32).toString("base64"); },
    "no signature": (n) => { delete n.additionalData.hmacSignature; },
  };
  const tampered = Object.entries(changes).filter(([, change]) => {
    const notification = arrived();
    change(notification);
    return accepts(notification);
  }).map(([field]) => field);
  return { name, signature: validator.calculateHmac(item, key), valid: accepts(arrived()), tampered };
}

// loopback is the library's HTTP client, pointed at a server of ours.
class Loopback {
  constructor(url) { this.url = url; }

  async request(endpoint, json, config, _needed, options = {}) {
    const path = new URL(endpoint).pathname.replace(/^\/v\d+/, "");
    const headers = { "X-API-Key": config.apiKey, "Content-Type": "application/json" };
    if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
    const method = options.method ?? "POST";
    const response = await fetch(this.url + path, { method, headers, body: method === "GET" ? undefined : json });
    const text = await response.text();
    if (!response.ok) throw Object.assign(new Error(text), { statusCode: response.status });
    return text;
  }
}

async function drive({ url, apiKey, merchant, token, shopper }) {
  const client = new Client({ apiKey, environment: "TEST" });
  client.httpClient = new Loopback(url);
  const api = new CheckoutAPI(client);
  const amount = { currency: "EUR", value: 1250 };
  const steps = {};
  const pay = (reference, key) => api.PaymentsApi.payments({
    merchantAccount: merchant, reference, amount, returnUrl: "https://shop.example/", channel: "Web",
    shopperReference: shopper, shopperInteraction: "ContAuth", recurringProcessingModel: "CardOnFile",
    additionalData: { manualCapture: "true" }, paymentMethod: { type: "scheme", storedPaymentMethodId: token },
  }, { idempotencyKey: key });
  steps.paid = await pay("op_sdk-pay-manual", "k1");
  steps.again = await pay("op_sdk-pay-manual", "k1");
  const psp = steps.paid.pspReference;
  const change = (reference) => ({ merchantAccount: merchant, reference, amount });
  steps.captured = await api.ModificationsApi.captureAuthorisedPayment(psp, change("op_sdk1-capture"), { idempotencyKey: "k2" });
  steps.refunded = await api.ModificationsApi.refundCapturedPayment(psp, change("op_sdk2-refund"), { idempotencyKey: "k3" });
  steps.canceled = await api.ModificationsApi.cancelAuthorisedPaymentByPspReference(psp, { merchantAccount: merchant, reference: "op_sdk3-cancel" }, { idempotencyKey: "k4" });
  steps.link = await api.PaymentLinksApi.paymentLinks({ merchantAccount: merchant, reference: "op_sdk4-page", amount, allowedPaymentMethods: ["scheme"] }, { idempotencyKey: "k5" });
  steps.read = await api.PaymentLinksApi.getPaymentLink(steps.link.id);
  steps.closed = await api.PaymentLinksApi.updatePaymentLink(steps.link.id, { status: "expired" });
  steps.refused = await api.ModificationsApi.refundCapturedPayment("NOSUCHREFERENCE0", change("op_sdk5-refund")).then(() => 0, (e) => e.statusCode);
  return steps;
}

console.log(JSON.stringify(input.webhooks ? input.webhooks.map(judge) : await drive(input.drive)));
