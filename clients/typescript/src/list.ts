import type { Page } from "./types.js";

/**
 * A list that is read page by page while it is iterated:
 * `for await (const payment of paymux.payments.list({ status: "succeeded" })) …`.
 * Each iteration begins anew; an error ends it.
 */
export class List<T> implements AsyncIterable<T> {
  readonly #read: (cursor?: string) => Promise<Page<T>>;

  /** @internal */
  constructor(read: (cursor?: string) => Promise<Page<T>>) {
    this.#read = read;
  }

  /** Reads one page: the first, or the one behind a cursor. */
  page(cursor?: string): Promise<Page<T>> {
    return this.#read(cursor);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.#read(cursor);
      yield* page.data;
      cursor = page.has_more ? page.next_cursor : undefined;
    } while (cursor);
  }

  /** Reads the list to its end, or to a number of objects. */
  async all(most = Infinity): Promise<T[]> {
    const found: T[] = [];
    if (most <= 0) return found;
    for await (const one of this) if (found.push(one) >= most) break;
    return found;
  }
}
