/**
 * Names for the objects of the merchant interface. Their members come from the
 * OpenAPI document (openapi.ts, generated); nothing is renamed on the way, and
 * members that a later server adds are kept in the objects.
 *
 * @module
 */
import type { components, operations } from "./openapi.js";

type Schemas = components["schemas"];

/** A payment. Amounts are in minor units: 1250 CNY is 12.50 yuan. */
export type Payment = Schemas["Payment"];
/** A payment with what `expand` asked for beside it. */
export type PaymentExpanded = Schemas["PaymentExpanded"];
/** What a payment is made of. */
export type PaymentCreate = Schemas["PaymentCreate"];
/** The payer's choice, for a payment that was made without one. */
export type PaymentConfirm = Schemas["PaymentConfirm"];
/** How much of reserved money to take; all that is left if no amount is given. */
export type PaymentCapture = Schemas["PaymentCapture"];
/** Why a payment is canceled. */
export type PaymentCancel = Schemas["PaymentCancel"];
/** What was asked of an institution for a payment. */
export type Operation = Schemas["OperationList"]["data"][number];
/** A hop of a payment's way. */
export type Hop = Schemas["Timeline"]["data"][number];
/** Money given back. */
export type Refund = Schemas["Refund"];
/** Which payment to refund, and how much of it. */
export type RefundCreate = Schemas["RefundCreate"];
/** A page to pay on that is sent to a payer. */
export type PaymentLink = Schemas["PaymentLink"];
/** What a payment link is made of. */
export type PaymentLinkCreate = Schemas["PaymentLinkCreate"];
/** Where notifications go, and how. */
export type WebhookEndpoint = Schemas["WebhookEndpoint"];
/** What an endpoint is made of. */
export type WebhookEndpointCreate = Schemas["WebhookEndpointCreate"];
/** A change of an endpoint, as a JSON merge patch. */
export type WebhookEndpointUpdate = Schemas["WebhookEndpointUpdate"];
/** An endpoint with the secret that signs its deliveries. It is answered once. */
export type WebhookEndpointWithSecret = Schemas["WebhookEndpointWithSecret"];
/** How long old secrets go on signing. */
export type WebhookSecretRotate = Schemas["WebhookSecretRotate"];
/** The merchant itself. */
export type Merchant = Schemas["Merchant"];
/** An error as Paymux writes it (RFC 9457). */
export type Problem = Schemas["Problem"];
/** A field at fault. */
export type FieldError = NonNullable<Problem["errors"]>[number];
/** What kind of error it is. A later server may have more. */
export type Code = Problem["code"] | (string & {});

interface EventOf<Type extends string, Object> {
  /** The same on every delivery of the event: what was dealt with under it is done. */
  id: string;
  type: Type;
  timestamp: string;
  api_version: string;
  livemode: boolean;
  data: {
    /** The object as the event left it. */
    object: Object;
    /** Members that changed, with the values they had. */
    previous?: Record<string, string>;
    /** Rises with every change of the object: what is lower than one already seen is older. */
    sequence: number;
  };
}

/** Something that happened. `type` tells which object `data.object` is. */
export type Event =
  | EventOf<`payment.${string}`, Payment>
  | EventOf<`refund.${string}`, Refund>
  | EventOf<`dispute.${string}` | `endpoint.${string}`, Record<string, unknown>>;

type Querying = "listPayments" | "listRefunds" | "listEvents" | "listPaymentLinks" | "listNotifications";

/** What a list can be narrowed down by. With `cursor` it begins behind an earlier page; `limit` is the size of a page. */
export type Query<O extends Querying> = NonNullable<operations[O]["parameters"]["query"]>;

/** A page of a list. */
export interface Page<T> {
  data: T[];
  has_more: boolean;
  /** Where the next page begins. Events in the order `oldest_first` have it on the last page, too. */
  next_cursor?: string;
}
