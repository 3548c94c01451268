/**
 * JSON without silent changes of amounts: a JavaScript number holds whole numbers
 * exactly up to 2^53 - 1 only, and the wire has 64 bits.
 *
 * @module
 */
import { PaymuxError } from "./error.js";

/** A number that JavaScript cannot hold exactly. It is refused: a rounded amount is a wrong amount. */
export class UnsafeIntegerError extends PaymuxError {
  override readonly name = "UnsafeIntegerError";
  constructor(
    /** The member that has the number. */
    readonly member: string,
    reason: string,
  ) {
    super(`${member || "the value"} ${reason}`);
  }
}

/** Reads JSON. Throws a SyntaxError, or an {@link UnsafeIntegerError} where a number would not be the one that was sent. */
export function parse(text: string): unknown {
  return JSON.parse(text, (member: string, value: unknown) => {
    // What the parser rounded is beyond the safe range after rounding, too.
    if (typeof value === "number" && !Number.isSafeInteger(value) && (Number.isInteger(value) || !Number.isFinite(value))) {
      throw new UnsafeIntegerError(member, "is a number that JavaScript cannot hold exactly");
    }
    return value;
  }) as unknown;
}

/** Writes JSON for a request. The interface has whole numbers only: NaN, fractions and what is not exact are refused before anything is sent. */
export function serialize(value: unknown): string {
  return JSON.stringify(value, (member: string, part: unknown) => {
    if (typeof part === "bigint" || (typeof part === "number" && !Number.isSafeInteger(part))) {
      throw new UnsafeIntegerError(member, `is ${part}; it has to be a whole number of at most 2^53 - 1 (amounts are in minor units)`);
    }
    return part;
  });
}
