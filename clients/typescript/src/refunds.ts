import { at, type Caller, type Options } from "./caller.js";
import type { List } from "./list.js";
import type { Query, Refund, RefundCreate } from "./types.js";

/** Refunds: money given back. */
export class Refunds {
  readonly #c: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#c = caller;
  }

  /** Gives money of a payment back: all that is left, or an amount. The answer may be `processing`: the notification tells the end. */
  create(refund: RefundCreate, options?: Options): Promise<Refund> {
    return this.#c.post("/v1/refunds", refund, options);
  }

  /** Reads a refund. */
  get(id: string, options?: Options): Promise<Refund> {
    return this.#c.get(at("v1", "refunds", id), {}, options);
  }

  /** Lists refunds, newest first. */
  list(query: Query<"listRefunds"> = {}, options?: Options): List<Refund> {
    return this.#c.list("/v1/refunds", query, options);
  }
}
