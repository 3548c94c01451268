import { Caller, type Options, type QueryValues } from "./caller.js";
import { WebhookEndpoints } from "./endpoints.js";
import { Events } from "./events.js";
import { Frontends } from "./frontends.js";
import { PaymentLinks } from "./links.js";
import type { List } from "./list.js";
import { Payments } from "./payments.js";
import { Refunds } from "./refunds.js";
import { Sender } from "./sender.js";
import type { Signer } from "./signer.js";
import type { Merchant } from "./types.js";

/** Where Paymux is and who asks. Of `key` and `signer` at most one is given. */
export interface Config {
  /**
   * `https://pay.example`, or several frontends of the same deployment. The first serves; when it cannot be reached, or
   * says that it is not ready, the next is asked with the same idempotency key. It is asked first again half a minute later.
   */
  baseUrl: string | readonly string[];
  /** A bearer key. It is a secret: it does not belong into a page that a browser loads. */
  key?: string;
  /** Signs requests (RFC 9421): the rule for live merchants. See `signHmac`, `signEd25519`, `signWith`. */
  signer?: Signer;
  /** How often a request may be sent in all, 3 if not given; every frontend is asked once at least. Repeats carry the same key and are made only where that is safe. */
  attempts?: number;
  /** How long a call may take in all, with its repeats: 60,000 if not given. */
  timeoutMs?: number;
  /** In place of the global fetch. It must not repeat requests by itself. */
  fetch?: typeof fetch;
  /** The User-Agent, `paymux-js` if not given. */
  agent?: string;
}

/**
 * Calls one deployment for one merchant.
 *
 * ```ts
 * const paymux = new Paymux({ baseUrl: "https://pay.example", key });
 * const payment = await paymux.payments.create({
 *   amount: 1250, currency: "CNY", merchant_order_id: "A-1001", payment_method: { type: "wechat_pay" },
 * });
 * ```
 */
export class Paymux {
  readonly payments: Payments;
  readonly refunds: Refunds;
  readonly paymentLinks: PaymentLinks;
  readonly events: Events;
  readonly webhookEndpoints: WebhookEndpoints;
  readonly #caller: Caller;

  /** Checks the configuration. It calls nobody. Throws a TypeError where it cannot work. */
  constructor(config: Config) {
    if (config.key !== undefined && config.signer !== undefined) throw new TypeError("give a key or a signer, not both");
    const sender = new Sender({
      frontends: new Frontends(bases(config.baseUrl)),
      bearer: config.key,
      signer: config.signer,
      attempts: config.attempts ?? 3,
      fetch: config.fetch ?? ((...request) => fetch(...request)),
      agent: config.agent ?? "paymux-js",
    });
    this.#caller = new Caller(sender, config.timeoutMs ?? 60_000);
    this.payments = new Payments(this.#caller);
    this.refunds = new Refunds(this.#caller);
    this.paymentLinks = new PaymentLinks(this.#caller);
    this.events = new Events(this.#caller);
    this.webhookEndpoints = new WebhookEndpoints(this.#caller);
  }

  /** Reads the merchant that asks. */
  merchant(options?: Options): Promise<Merchant> {
    return this.#caller.get("/v1/merchant", {}, options);
  }

  /** Sends a request to a resource that this package has no method for. Failover, repeats, keys and errors are as everywhere. */
  call<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown, options?: Options): Promise<T> {
    return this.#caller.call(method, path, body, options);
  }

  /** Reads a list that this package has no method for. */
  list<T>(path: string, query?: QueryValues, options?: Options): List<T> {
    return this.#caller.list(path, query, options);
  }
}

function bases(given: string | readonly string[]): string[] {
  const all = typeof given === "string" ? [given] : [...given];
  if (all.length === 0) throw new TypeError("no base URL");
  return all.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
      throw new TypeError(`base URL ${JSON.stringify(text)} is not of the form https://host`);
    }
    return url.href.replace(/\/+$/, "");
  });
}
