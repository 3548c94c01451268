import type { Answered } from "./error.js";
import { serialize } from "./json.js";
import { List } from "./list.js";
import type { Sender } from "./sender.js";
import type { Page } from "./types.js";

/** What one call may be given. */
export interface Options {
  /**
   * Makes the call repeatable by another process: the same key and the same request have one effect
   * and one answer. 1 to 255 printable characters; without it each call has a key of its own, which an `UnsettledError` tells.
   */
  idempotencyKey?: string;
  /** Gives the call up. A change that was sent may have its effect all the same. */
  signal?: AbortSignal;
  /** How long the call may take in all, in place of the client's `timeoutMs`. */
  timeoutMs?: number;
  /**
   * Has the call continue a trace: the value of the header of that name by W3C Trace Context, as a
   * tracing library injects it. One that cannot be one is left out.
   */
  traceparent?: string;
  /** Is told what came with the answer beside its object, once there is one that is a success. */
  onAnswer?: (answered: Answered) => void;
}

/** Values of a query; undefined ones are left out, lists repeat their name. */
export type QueryValues = Record<string, string | number | boolean | readonly string[] | undefined>;

/** Calls that every resource is made of. @internal */
export class Caller {
  readonly #sender: Sender;
  readonly #timeoutMs: number;

  constructor(sender: Sender, timeoutMs: number) {
    this.#sender = sender;
    this.#timeoutMs = timeoutMs;
  }

  async call<T>(method: string, path: string, body?: unknown, options: Options = {}): Promise<T> {
    const changes = method !== "GET" && method !== "HEAD";
    const text = body === undefined ? "" : serialize(body);
    const { object, answered } = await this.#sender.send({
      method,
      path,
      body: new TextEncoder().encode(text),
      key: changes ? checkedKey(options.idempotencyKey ?? crypto.randomUUID()) : undefined,
      traceparent: options.traceparent,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
    });
    options.onAnswer?.(answered);
    return object as T;
  }

  get<T>(path: string, query: QueryValues = {}, options?: Options): Promise<T> {
    return this.call("GET", path + search(query), undefined, options);
  }

  post<T>(path: string, body?: unknown, options?: Options): Promise<T> {
    return this.call("POST", path, body, options);
  }

  list<T>(path: string, query: QueryValues = {}, options?: Options): List<T> {
    return new List((cursor) => this.get<Page<T>>(path, cursor === undefined ? query : { ...query, cursor }, options));
  }
}

/** A path of segments, some of which come from outside. @internal */
export function at(...segments: string[]): string {
  return segments.map((segment) => `/${escaped(segment)}`).join("");
}

/** A dot segment would change the path it is part of, however it is escaped. */
function escaped(segment: string): string {
  if (/^\.{0,2}$/.test(segment)) throw new TypeError(`${JSON.stringify(segment)} is not an ID`);
  return encodeURIComponent(segment);
}

function search(query: QueryValues): string {
  const values = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) values.append(name, String(one));
  }
  return values.size === 0 ? "" : `?${values}`;
}

function checkedKey(key: string): string {
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) throw new TypeError("an idempotency key has 1 to 255 printable ASCII characters");
  return key;
}
