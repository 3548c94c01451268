import { at, type Caller, type Options } from "./caller.js";
import type { List } from "./list.js";
import type { Hop, Operation, Page, Payment, PaymentCancel, PaymentCapture, PaymentConfirm, PaymentCreate, PaymentExpanded, Query } from "./types.js";

/** What `expand` can add to a payment. */
export type Expandable = "operations" | "refunds";

/** Payments: made, confirmed, captured, canceled, looked at. */
export class Payments {
  readonly #c: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#c = caller;
  }

  /**
   * Makes a payment and, where it has a method, sends it to a channel. `next_action` of the answer says what the
   * payer has to do. A decline is a `DeclinedError`. An unknown outcome is none: the payment is then `processing` and found out.
   */
  create(payment: PaymentCreate, options?: Options): Promise<Payment> {
    return this.#c.post("/v1/payments", payment, options);
  }

  /** Sends a payment that was made without a method to a channel. */
  confirm(id: string, choice: PaymentConfirm = {}, options?: Options): Promise<Payment> {
    return this.#c.post(at("v1", "payments", id, "confirm"), choice, options);
  }

  /** Reads a payment, with its operations and refunds where `expand` asks for them. */
  get(id: string, { expand, ...options }: Options & { expand?: readonly Expandable[] } = {}): Promise<PaymentExpanded> {
    return this.#c.get(at("v1", "payments", id), { "expand[]": expand }, options);
  }

  /** Lists payments, newest first. */
  list(query: Query<"listPayments"> = {}, options?: Options): List<Payment> {
    return this.#c.list("/v1/payments", query, options);
  }

  /** Takes reserved money: all that is left, or an amount. */
  capture(id: string, capture: PaymentCapture = {}, options?: Options): Promise<Payment> {
    return this.#c.post(at("v1", "payments", id, "capture"), capture, options);
  }

  /** Ends a payment that has brought no money, or releases what is reserved. */
  cancel(id: string, cancel: PaymentCancel = {}, options?: Options): Promise<Payment> {
    return this.#c.post(at("v1", "payments", id, "cancel"), cancel, options);
  }

  /** Has Paymux ask the institution for the outcome now. */
  sync(id: string, options?: Options): Promise<Payment> {
    return this.#c.post(at("v1", "payments", id, "sync"), undefined, options);
  }

  /** Every hop of a payment's way, oldest first. */
  async timeline(id: string, options?: Options): Promise<Hop[]> {
    return (await this.#c.get<Page<Hop>>(at("v1", "payments", id, "timeline"), {}, options)).data;
  }

  /** What was asked of institutions for a payment, oldest first. */
  async operations(id: string, options?: Options): Promise<Operation[]> {
    return (await this.#c.get<Page<Operation>>(at("v1", "payments", id, "operations"), {}, options)).data;
  }
}
