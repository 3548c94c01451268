import { at, type Caller, type Options } from "./caller.js";
import type { List } from "./list.js";
import type { PaymentLink, PaymentLinkCreate, Query } from "./types.js";

/** Payment links: pages to pay on that are sent to payers. */
export class PaymentLinks {
  readonly #c: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#c = caller;
  }

  /** Makes a link. */
  create(link: PaymentLinkCreate, options?: Options): Promise<PaymentLink> {
    return this.#c.post("/v1/payment_links", link, options);
  }

  /** Reads a link. */
  get(id: string, options?: Options): Promise<PaymentLink> {
    return this.#c.get(at("v1", "payment_links", id), {}, options);
  }

  /** Lists links, newest first. */
  list(query: Query<"listPaymentLinks"> = {}, options?: Options): List<PaymentLink> {
    return this.#c.list("/v1/payment_links", query, options);
  }

  /** Ends a link: nobody can pay by it any more. */
  cancel(id: string, options?: Options): Promise<PaymentLink> {
    return this.#c.post(at("v1", "payment_links", id, "cancel"), undefined, options);
  }
}
