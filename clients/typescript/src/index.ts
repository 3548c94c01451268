/**
 * The merchant interface of Paymux, for Node and, for what needs no secret, browsers:
 * payments, refunds, links, events and webhooks, with the same idempotency key on
 * every repeat of a request and failover between frontends.
 *
 * It never decides that a payment failed: what could not be learnt is an `UnsettledError`.
 * It keeps no state beyond which frontends failed lately. Start reading at {@link Paymux}, then sender.ts.
 *
 * @module
 */
export { Paymux, type Config } from "./client.js";
export type { Options, QueryValues } from "./caller.js";
export { List } from "./list.js";
export type { Payments, Expandable } from "./payments.js";
export type { Refunds } from "./refunds.js";
export type { PaymentLinks } from "./links.js";
export type { Events } from "./events.js";
export type { WebhookEndpoints } from "./endpoints.js";
export { PaymuxError, ProblemError, DeclinedError, UnsettledError, ConnectionError, UnreadableError, type Answered } from "./error.js";
export { UnsafeIntegerError } from "./json.js";
export { signHmac, signEd25519, signWith, type Signer, type Unsigned, type Algorithm } from "./signer.js";
export { verifyWebhook, WebhookError, type Delivery, type WebhookFault, type WebhookOptions } from "./webhook.js";
export { apiVersion } from "./sender.js";
export type * from "./types.js";
export type { components, operations, paths } from "./openapi.js";
