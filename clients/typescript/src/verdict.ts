/**
 * What the end of an attempt means: whether a repeat may help and cannot harm, and
 * whether the attempt may have had an effect nobody heard of.
 *
 * @module
 */
import { ConnectionError, ProblemError, UnreadableError } from "./error.js";
import { UnsafeIntegerError } from "./json.js";

/**
 * What to do next. `settled`: it is an answer, or nothing that a repeat mends. `elsewhere`: this frontend
 * cannot, another may. `later`: asked too much, or still finding out. `underWay`: the first request with the key is being answered.
 */
export type Verdict = "settled" | "elsewhere" | "later" | "underWay";

/** A failure of the network. `arrived` tells whether the request may have arrived. @internal */
export class NetworkError extends ConnectionError {
  constructor(
    message: string,
    readonly arrived: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** Reads an attempt's end. Every problem document but those that say "nothing was done" or "still at it" is the answer. */
export function judge(failure: unknown): Verdict {
  if (failure instanceof NetworkError) return "elsewhere";
  if (!(failure instanceof ProblemError)) return "settled";
  switch (failure.code) {
    case "idempotency_key_in_flight":
      return "underWay";
    case "outcome_unknown": // found out meanwhile, and the key keeps the repeat from a second effect
    case "signature_replayed": // a proxy sent it twice; signed anew it is the same request
      return "later";
  }
  if (failure.status === 429) return "later";
  return failure.status === 503 || gone(failure) ? "elsewhere" : "settled";
}

/** Whether an attempt that ended so may have had an effect nobody heard of. */
export function doubtful(failure: unknown): boolean {
  if (failure instanceof NetworkError) return failure.arrived;
  if (!(failure instanceof ProblemError)) return failure instanceof UnreadableError || failure instanceof UnsafeIntegerError;
  const open = ["idempotency_key_in_flight", "outcome_unknown", "signature_replayed", "internal"];
  return (failure.problem !== undefined && open.includes(failure.code)) || gone(failure);
}

/**
 * Whether an answer is about the request with this key, and so about every attempt: a decline or
 * a conflict is. What was refused at the door says nothing of the attempts before.
 */
export function tells(failure: unknown): boolean {
  if (!(failure instanceof ProblemError) || failure.problem === undefined) return false;
  if (failure.code === "idempotency_key_in_flight" || [401, 403, 408, 429].includes(failure.status)) return false;
  return failure.status < 500 || failure.code === "not_sent";
}

/** A proxy says that it could not ask Paymux, or got no answer. */
function gone(failure: ProblemError): boolean {
  return failure.problem === undefined && [502, 503, 504].includes(failure.status);
}

/** Whether a failed fetch certainly sent nothing. Browsers do not tell, so there it is never certain. */
export function neverSent(failure: unknown): boolean {
  if (!(failure instanceof Error)) return false;
  const { code, syscall, errors, cause } = failure as Error & { code?: string; syscall?: string; errors?: unknown[] };
  if (Array.isArray(errors) && errors.length > 0) return errors.every(neverSent); // one for each address of the host
  return syscall === "connect" || syscall === "getaddrinfo" || code === "UND_ERR_CONNECT_TIMEOUT" || neverSent(cause);
}
