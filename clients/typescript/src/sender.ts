/**
 * How a request reaches a deployment: attempts at its frontends, each with the same body
 * and the same idempotency key and signed anew, until there is an answer. Start at {@link Sender.send}.
 *
 * @module
 */
import { type Answered, PaymuxError, problemOf, ProblemError, UnreadableError, UnsettledError } from "./error.js";
import { Frontends } from "./frontends.js";
import { parse } from "./json.js";
import type { Signer } from "./signer.js";
import { doubtful, judge, NetworkError, neverSent, tells, type Verdict } from "./verdict.js";

/** The date of the interface's shape that this package was written for. */
export const apiVersion = "2026-11-01";

/** Bounds, in milliseconds, what a Retry-After can make a caller wait within one call. A frontend that asks for more is not asked again. */
const longestPause = 10_000;

/** One call, whatever becomes of its attempts. @internal */
export interface Request {
  method: string;
  /** With its query. */
  path: string;
  body: Uint8Array<ArrayBuffer>;
  /** Of a change; undefined for a question. */
  key: string | undefined;
  /** The trace that the request continues. */
  traceparent?: string | undefined;
  signal: AbortSignal | undefined;
  timeoutMs: number;
}

/** An answer, and what came with it. @internal */
export interface Answer {
  object: unknown;
  answered: Answered;
}

/** @internal */
export interface Settings {
  frontends: Frontends;
  bearer: string | undefined;
  signer: Signer | undefined;
  attempts: number;
  fetch: typeof fetch;
  agent: string;
}

/** @internal */
export class Sender {
  readonly #s: Settings;

  constructor(settings: Settings) {
    this.#s = settings;
  }

  /**
   * Makes the attempts of one call. What cannot be reached is tried at the next frontend, with the same
   * key: should the first attempt have arrived after all, the second is answered with the first one's outcome.
   */
  async send(request: Request): Promise<Answer> {
    request.signal?.throwIfAborted();
    const doors = this.#s.frontends.order(performance.now());
    const ready = doors.map(() => 0); // when each may be asked again
    const end = performance.now() + request.timeoutMs;
    let [at, doubt, left] = [0, false, Math.max(this.#s.attempts, doors.length)];
    for (let n = 1; ; n++) {
      const last = left === 1 || doors.length === 1;
      let failure: unknown;
      try {
        return await this.#attempt(request, doors[at]!, last ? end : (performance.now() + end) / 2);
      } catch (caught) {
        failure = caught;
      }
      const verdict = judge(failure);
      if (verdict !== "underWay") left--; // waiting for the answer that is on its way takes no attempt
      doubt ||= doubtful(failure);
      ready[at] = performance.now() + pause(n, failure);
      if (verdict === "elsewhere") at = ready.indexOf(Math.min(...ready));
      const over = request.signal?.aborted === true || verdict === "settled" || left === 0;
      if (over || !(await wait(ready[at]! - performance.now(), end, request.signal))) throw told(request, failure, doubt);
    }
  }

  async #attempt(request: Request, door: number, end: number): Promise<Answer> {
    const { frontends } = this.#s;
    let verdict: Verdict = "settled";
    try {
      return await this.#exchange(request, frontends.bases[door]!, end);
    } catch (failure) {
      verdict = judge(failure);
      throw failure;
    } finally {
      if (verdict !== "elsewhere") frontends.works(door);
      else if (!request.signal?.aborted) frontends.failed(door, performance.now()); // else it is the caller who gave up
    }
  }

  /** One request and its answer. Throws a NetworkError, a ProblemError, or what keeps an answer from being read. */
  async #exchange(request: Request, base: string, end: number): Promise<Answer> {
    const url = new URL(base + request.path).href;
    const headers = await this.#headers(request, url);
    const { method, body, signal } = request;
    const limit = new Limit(end, signal);
    const init: RequestInit = { method, headers, signal: limit.signal, redirect: "manual", credentials: "omit", cache: "no-store" };
    if (body.length > 0) init.body = body;
    let [response, text] = [undefined as Response | undefined, ""];
    try {
      response = await this.#s.fetch(url, init);
      text = await response.text();
    } catch (failure) {
      throw new NetworkError(limit.told(base, failure), response !== undefined || !neverSent(failure), failure);
    } finally {
      limit.end();
    }
    return read(response, text);
  }

  async #headers({ method, body, key, traceparent }: Request, url: string): Promise<Headers> {
    const headers = new Headers({ accept: "application/json", "api-version": apiVersion, "user-agent": this.#s.agent });
    if (body.length > 0) headers.set("content-type", "application/json");
    if (key !== undefined) headers.set("idempotency-key", `"${key.replace(/["\\]/g, "\\$&")}"`);
    if (/^[0-9a-f-]{1,256}$/.test(traceparent ?? "")) headers.set("traceparent", traceparent ?? "");
    if (this.#s.bearer !== undefined) headers.set("authorization", `Bearer ${this.#s.bearer}`);
    await this.#s.signer?.sign({ method, url, headers, body });
    return headers;
  }
}

function read(response: Response, text: string): Answer {
  const answered: Answered = {
    status: response.status,
    requestId: response.headers.get("request-id") ?? "",
    replayed: response.headers.get("idempotent-replayed") === "true",
    headers: response.headers,
  };
  if (!response.ok) throw problemOf(answered, readable(text));
  if (text === "") return { object: undefined, answered };
  try {
    return { object: parse(text), answered };
  } catch (cause) {
    if (cause instanceof PaymuxError) throw cause;
    throw new UnreadableError(`the answer with status ${response.status} is not JSON; something between here and Paymux wrote it`, { cause });
  }
}

/** The text of a refusal, as far as it is JSON: a proxy's page is told by its status alone. */
function readable(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** The error of a call: the last attempt's, or an UnsettledError where that does not tell what became of the request. */
function told(request: Request, failure: unknown, doubt: boolean): unknown {
  if (!doubt || request.key === undefined || tells(failure)) return failure;
  return new UnsettledError(request.key, failure);
}

/** How long to wait before asking the same frontend again after attempt n (from 1): what the answer asked for, or a growing time with full jitter. */
function pause(n: number, failure: unknown): number {
  if (failure instanceof ProblemError && failure.retryAfter > 0) return failure.retryAfter * 1000;
  return Math.random() * Math.min(100 * 2 ** Math.min(n, 6), 2000);
}

/** Waits, and is false where that is too long: then another attempt is the caller's to make. */
async function wait(ms: number, end: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (performance.now() + ms >= end || ms > longestPause) return false;
  if (ms <= 0) return true;
  return new Promise((resolve) => {
    const done = (waited: boolean) => () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      resolve(waited);
    };
    const aborted = done(false);
    const timer = setTimeout(done(true), ms);
    signal?.addEventListener("abort", aborted);
  });
}

/** Ends an attempt at its time, or when the caller gives up. */
class Limit {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #abort = () => this.#controller.abort(this.#caller?.reason);

  constructor(end: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    this.#timer = setTimeout(() => this.#controller.abort(new Error("no answer in time")), Math.max(0, end - performance.now()));
    if (caller?.aborted) this.#abort();
    caller?.addEventListener("abort", this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#abort);
  }

  /** Why an attempt at a frontend failed, in words. */
  told(base: string, failure: unknown): string {
    if (this.#caller?.aborted) return `the request to ${base} was given up by the caller`;
    if (this.signal.aborted) return `${base} did not answer in time`;
    const cause = failure instanceof Error && failure.cause instanceof Error ? failure.cause : failure;
    return `${base} cannot be reached: ${cause instanceof Error ? cause.message || String((cause as { code?: string }).code) : String(cause)}`;
  }
}
