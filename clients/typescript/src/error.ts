/**
 * What can go wrong, by what the caller should do about it. {@link ProblemError}: Paymux
 * answered, look at `code`. {@link UnsettledError}: nobody knows yet, repeat with its key.
 * {@link ConnectionError}: nothing happened.
 *
 * @module
 */
import type { Code, FieldError, Payment, Problem, Refund } from "./types.js";

/** The root of every error of this package. */
export class PaymuxError extends Error {
  override readonly name: string = "PaymuxError";
}

/** No frontend could be asked. A change had no effect; a question was not answered. */
export class ConnectionError extends PaymuxError {
  override readonly name: string = "ConnectionError";
}

/**
 * A change whose outcome was not learnt: it may have had its effect. It is no failure,
 * whatever `cause` says of the last attempt. Repeat the call with `idempotencyKey` until there is
 * an answer, or wait for the notification; never make the payment anew.
 */
export class UnsettledError extends PaymuxError {
  override readonly name = "UnsettledError";
  constructor(
    /** The key of the request, also where the caller gave none. */
    readonly idempotencyKey: string,
    cause: unknown,
  ) {
    super(`the outcome is not known, repeat with the idempotency key ${JSON.stringify(idempotencyKey)}: ${textOf(cause)}`, { cause });
  }
}

/** An answer came and is not JSON: something between here and Paymux wrote it. Of a change it is the cause of an {@link UnsettledError}. */
export class UnreadableError extends PaymuxError {
  override readonly name = "UnreadableError";
}

/** What came with an answer beside its object. */
export interface Answered {
  /** The HTTP status. */
  status: number;
  /** To be told to the operator. */
  requestId: string;
  /** The answer is that of an earlier request with the same key. */
  replayed: boolean;
  headers: Headers;
}

/** Paymux refused, or failed, and said so in a problem document (RFC 9457). */
export class ProblemError extends PaymuxError {
  override readonly name: string = "ProblemError";
  /** The HTTP status. */
  readonly status: number;
  /** What kind of error it is, for programs. */
  readonly code: Code;
  /** The first field at fault. */
  readonly param: string | undefined;
  /** Every field at fault. */
  readonly errors: FieldError[];
  /** Why the institution said no. */
  readonly declineCode: string | undefined;
  /** What to do after a decline: `try_other_method`, `retry_later` or `do_not_retry`. */
  readonly advice: string | undefined;
  /** To be told to the operator. */
  readonly requestId: string;
  /** Seconds to wait before a repeat; 0 where the answer names none. */
  readonly retryAfter: number;
  /** The document as it came; members this package does not know are in it. Undefined where something between here and Paymux answered. */
  readonly problem: Problem | undefined;

  /** @internal */
  constructor(answered: Answered, problem: Problem | undefined) {
    const code = problem?.code ?? codeOf(answered.status);
    const requestId = problem?.request_id ?? answered.requestId;
    const detail = problem?.detail ?? problem?.title ?? "There is no problem document: something between here and Paymux answered.";
    super(`${code}: ${detail} (HTTP ${answered.status}${requestId && `, request ${requestId}`})`);
    this.status = answered.status;
    this.code = code;
    this.param = problem?.param;
    this.errors = problem?.errors ?? [];
    this.declineCode = problem?.decline_code;
    this.advice = problem?.advice;
    this.requestId = requestId;
    this.retryAfter = seconds(answered.headers.get("retry-after"));
    this.problem = problem;
  }

  /** The payment as the request left it, where the answer has it. A declined payment has an ID, too. */
  get payment(): Payment | undefined {
    return this.problem?.payment as Payment | undefined;
  }

  /** The refund as the request left it, where the answer has it. */
  get refund(): Refund | undefined {
    return this.problem?.refund as Refund | undefined;
  }
}

/** The institution said no: `declineCode` says why, `advice` what to do, `payment` has the payment. A new attempt needs a new key. */
export class DeclinedError extends ProblemError {
  override readonly name = "DeclinedError";
}

/** Makes the error of an answer that is no success. What is not a problem document is told by its status alone. @internal */
export function problemOf(answered: Answered, body: unknown): ProblemError {
  const problem = isProblem(body) ? body : undefined;
  return problem?.code === "payment_declined" ? new DeclinedError(answered, problem) : new ProblemError(answered, problem);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && typeof body.code === "string" && body.code !== "";
}

/** The nearest code for a status without a document. */
function codeOf(status: number): Code {
  switch (status) {
    case 401:
      return "unauthenticated";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 429:
      return "rate_limited";
    case 502:
    case 503:
    case 504:
      return "unavailable";
  }
  return "internal";
}

/** Reads a Retry-After in seconds; dates are not used by Paymux. */
function seconds(header: string | null): number {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : 0;
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
