import { at, type Caller, type Options } from "./caller.js";
import type { Event, Page, WebhookEndpoint, WebhookEndpointCreate, WebhookEndpointUpdate, WebhookEndpointWithSecret, WebhookSecretRotate } from "./types.js";

/** Webhook endpoints: where notifications go. */
export class WebhookEndpoints {
  readonly #c: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#c = caller;
  }

  /** Registers an endpoint. `secret` of the answer verifies its deliveries and is never answered again. */
  create(endpoint: WebhookEndpointCreate, options?: Options): Promise<WebhookEndpointWithSecret> {
    return this.#c.post("/v1/webhook_endpoints", endpoint, options);
  }

  /** Reads an endpoint. */
  get(id: string, options?: Options): Promise<WebhookEndpoint> {
    return this.#c.get(at("v1", "webhook_endpoints", id), {}, options);
  }

  /** All endpoints of the merchant. */
  async list(options?: Options): Promise<WebhookEndpoint[]> {
    return (await this.#c.get<Page<WebhookEndpoint>>("/v1/webhook_endpoints", {}, options)).data;
  }

  /** Changes the members that are given; `null` puts back a default. */
  update(id: string, change: WebhookEndpointUpdate, options?: Options): Promise<WebhookEndpoint> {
    return this.#c.call("PATCH", at("v1", "webhook_endpoints", id), change, options);
  }

  /** Ends deliveries for good. */
  async delete(id: string, options?: Options): Promise<void> {
    await this.#c.call("DELETE", at("v1", "webhook_endpoints", id), undefined, options);
  }

  /** Makes a new secret. The old ones sign beside it for a day, or as long as is said. */
  rotateSecret(id: string, rotate: WebhookSecretRotate = {}, options?: Options): Promise<WebhookEndpointWithSecret> {
    return this.#c.post(at("v1", "webhook_endpoints", id, "rotate_secret"), rotate, options);
  }

  /** Has an `endpoint.test` event delivered. */
  test(id: string, options?: Options): Promise<Event> {
    return this.#c.post(at("v1", "webhook_endpoints", id, "test"), undefined, options);
  }
}
