/**
 * Verifies notifications (Standard Webhooks): `v1` entries by a `whsec_` secret, `v1a` entries by a
 * `whpk_` public key. Start at {@link verifyWebhook}.
 *
 * @module
 */
import { decode } from "./base64.js";
import { PaymuxError } from "./error.js";
import { parse } from "./json.js";
import type { Event } from "./types.js";

/** Why a delivery was not believed. */
export type WebhookFault = "bad_key" | "missing_header" | "malformed_header" | "stale_timestamp" | "wrong_signature" | "bad_body";

/** A delivery that was not believed. Answer it 400, and do nothing else. */
export class WebhookError extends PaymuxError {
  override readonly name = "WebhookError";
  constructor(
    readonly fault: WebhookFault,
    message: string,
  ) {
    super(message);
  }
}

/** A delivery as it came in. */
export interface Delivery {
  /** The bytes as they came, or the text they are in UTF-8. A body that was parsed and written again does not verify. */
  body: Uint8Array | string;
  /** Of the request: a `Headers`, or `request.headers` of Node. */
  headers: Headers | Record<string, string | readonly string[] | undefined>;
}

/** How strictly to verify. */
export interface WebhookOptions {
  /** How far the timestamp may lie from this clock; 300 if not given. */
  toleranceSeconds?: number;
  /** The clock. */
  now?: () => Date;
}

/** Bounds the work that a header can cause. */
const mostEntries = 16;

/**
 * Verifies a delivery and returns its event. Events may come twice: what was dealt with under `event.id` is done.
 *
 * @param keys - the endpoint's `whsec_` secret or `whpk_` public key; several while they are rotated
 * @throws WebhookError
 */
export async function verifyWebhook(delivery: Delivery, keys: string | readonly string[], options: WebhookOptions = {}): Promise<Event> {
  const readers = (typeof keys === "string" ? [keys] : keys).map(readKey);
  const id = header(delivery.headers, "webhook-id");
  const at = header(delivery.headers, "webhook-timestamp");
  const entries = header(delivery.headers, "webhook-signature").split(" ").filter(Boolean);
  if (entries.length > mostEntries) throw new WebhookError("malformed_header", `webhook-signature has more than ${mostEntries} entries`);
  checkTime(at, options);
  const body = typeof delivery.body === "string" ? new TextEncoder().encode(delivery.body) : delivery.body;
  const signed = join(new TextEncoder().encode(`${id}.${at}.`), body);
  for (const reader of readers) {
    for (const entry of entries) {
      const comma = entry.indexOf(",");
      const signature = decode(entry.slice(comma + 1));
      if (entry.slice(0, comma) === reader.version && signature && (await reader.fits(signature, signed))) return eventOf(body);
    }
  }
  throw new WebhookError("wrong_signature", "no signature of the header fits a key and the body");
}

interface Reader {
  version: "v1" | "v1a";
  fits(signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** A key's prefix chooses the scheme. Without one it is refused, so that one can never be taken for the other kind. */
function readKey(text: string): Reader {
  const raw = decode(text.slice(text.indexOf("_") + 1));
  if (text.startsWith("whsec_") && raw && raw.length >= 24 && raw.length <= 64) {
    return { version: "v1", fits: (signature, signed) => verify({ name: "HMAC", hash: "SHA-256" }, raw, signature, signed) };
  }
  if (text.startsWith("whpk_") && raw?.length === 32) {
    return { version: "v1a", fits: (signature, signed) => verify({ name: "Ed25519" }, raw, signature, signed) };
  }
  throw new WebhookError("bad_key", "a key is whsec_ and base64 of 24 to 64 bytes, or whpk_ and base64 of 32 bytes");
}

/** Web Crypto compares a MAC with the right one in constant time. */
async function verify(
  algorithm: { name: string; hash?: string },
  raw: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", raw, algorithm as HmacImportParams, false, ["verify"]);
  return crypto.subtle.verify(algorithm.name, key, signature, signed);
}

function header(headers: Delivery["headers"], name: string): string {
  const found = headers instanceof Headers ? headers.get(name) : Object.entries(headers).find(([n]) => n.toLowerCase() === name)?.[1];
  const all = found == null ? [] : typeof found === "string" ? [found] : found;
  if (all.length > 1) throw new WebhookError("malformed_header", `the header ${name} is there more than once`);
  if (!all[0]) throw new WebhookError("missing_header", `the header ${name} is missing`);
  return all[0];
}

function checkTime(at: string, { toleranceSeconds = 300, now = () => new Date() }: WebhookOptions): void {
  if (!/^(0|[1-9]\d{0,11})$/.test(at)) throw new WebhookError("malformed_header", "webhook-timestamp is not a number of seconds since 1970");
  const off = Math.floor(now().getTime() / 1000) - Number(at);
  // Not >: a clock or a tolerance that is not a number must not let everything in.
  if (!(Math.abs(off) <= toleranceSeconds)) {
    throw new WebhookError("stale_timestamp", `webhook-timestamp is ${Math.abs(off)} s ${off > 0 ? "before" : "after"} this clock: a replay, a delivery held up on its way, or a clock that is wrong`);
  }
}

function join(head: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

function eventOf(body: Uint8Array): Event {
  try {
    return parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as Event;
  } catch (cause) {
    throw Object.assign(new WebhookError("bad_body", "the signature fits, and the body cannot be read"), { cause });
  }
}
