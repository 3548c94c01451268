import { at, type Caller, type Options } from "./caller.js";
import type { List } from "./list.js";
import type { Event, Query } from "./types.js";

/** Events: what happened, for programs that cannot be called, or that look again. */
export class Events {
  readonly #c: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#c = caller;
  }

  /** Reads an event, as its notification carries it. */
  get(id: string, options?: Options): Promise<Event> {
    return this.#c.get(at("v1", "events", id), {}, options);
  }

  /**
   * Lists events, newest first. With `order: "oldest_first"` they come in the order in which they were committed: keep
   * `next_cursor` of each `page` and give it as `cursor` the next time, and none is ever missed.
   */
  list(query: Query<"listEvents"> = {}, options?: Options): List<Event> {
    return this.#c.list("/v1/events", query, options);
  }

  /** Sends an event once more: to one endpoint, or to all that want it. Returns their IDs. */
  async resend(id: string, endpoint?: string, options?: Options): Promise<string[]> {
    const sent = await this.#c.post<{ endpoints: string[] }>(at("v1", "events", id, "resend"), endpoint === undefined ? {} : { endpoint }, options);
    return sent.endpoints;
  }
}
