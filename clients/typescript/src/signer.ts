/**
 * HTTP message signatures (RFC 9421) with the digest of the body (RFC 9530): what
 * live merchants authenticate with. Each attempt is signed anew, with a new nonce.
 *
 * @module
 */
import { decode, encode } from "./base64.js";

/** A request that is about to be sent. */
export interface Unsigned {
  method: string;
  /** Exactly as it is sent. */
  url: string;
  headers: Headers;
  /** Empty where there is none. */
  body: Uint8Array<ArrayBuffer>;
}

/** Signs requests. */
export interface Signer {
  /** Sets Content-Digest (where there is a body), Signature-Input and Signature, and changes nothing else. */
  sign(request: Unsigned): Promise<void>;
}

/** The algorithms of RFC 9421 that Paymux accepts. */
export type Algorithm = "hmac-sha256" | "ed25519" | "rsa-pss-sha512";

/**
 * Signs with a function, for keys in an HSM or a key service.
 *
 * @param keyId - the signing key's ID, `key_…`
 * @param algorithm - the kind of the key
 * @param sign - returns the signature of the bytes
 */
export function signWith(
  keyId: string,
  algorithm: Algorithm,
  sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array | ArrayBuffer>,
): Signer {
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(keyId)) throw new TypeError("the ID of a signing key is of the form key_…");
  return {
    async sign(request) {
      const { headers, body } = request;
      for (const name of ["content-digest", "signature-input", "signature"]) headers.delete(name);
      if (body.length > 0) headers.set("content-digest", await contentDigest(body));
      const covered = ["@method", "@target-uri", "content-digest", "content-type", "idempotency-key"];
      const names = covered.filter((name) => name.startsWith("@") || headers.has(name));
      const created = Math.floor(Date.now() / 1000);
      const input = `(${names.map((n) => `"${n}"`).join(" ")});created=${created};keyid="${keyId}";alg="${algorithm}";nonce="${nonce()}"`;
      const value = new Uint8Array(await sign(new TextEncoder().encode(base(request, names, input))));
      headers.set("signature-input", `sig1=${input}`);
      headers.set("signature", `sig1=:${encode(value)}:`);
    },
  };
}

/**
 * Signs with a shared secret.
 *
 * @param keyId - the signing key's ID
 * @param secret - base64, as Paymux gave it out with an hmac-sha256 key
 */
export function signHmac(keyId: string, secret: string): Signer {
  const raw = decode(secret);
  if (raw === undefined || raw.length === 0) throw new TypeError(`signing key ${keyId}: the secret is not base64`);
  const key = crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  key.catch(() => {}); // told when it is used
  return signWith(keyId, "hmac-sha256", async (bytes) => crypto.subtle.sign("HMAC", await key, bytes));
}

/**
 * Signs with an Ed25519 private key whose public half Paymux has.
 *
 * @param keyId - the signing key's ID
 * @param privateKey - a CryptoKey, or PKCS #8 in PEM (`-----BEGIN PRIVATE KEY-----`)
 */
export function signEd25519(keyId: string, privateKey: CryptoKey | string): Signer {
  const key = typeof privateKey === "string" ? crypto.subtle.importKey("pkcs8", der(keyId, privateKey), "Ed25519", false, ["sign"]) : Promise.resolve(privateKey);
  key.catch(() => {}); // told when it is used
  return signWith(keyId, "ed25519", async (bytes) => crypto.subtle.sign("Ed25519", await key, bytes));
}

/** The signature base (RFC 9421 §2.5). */
function base({ method, url, headers }: Unsigned, names: readonly string[], input: string): string {
  const lines = names.map((name) => {
    switch (name) {
      case "@method":
        return `"@method": ${method}`;
      case "@target-uri":
        return `"@target-uri": ${url}`;
    }
    return `"${name}": ${headers.get(name)}`;
  });
  return [...lines, `"@signature-params": ${input}`].join("\n");
}

/** The value of Content-Digest for a body. @internal */
export async function contentDigest(body: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha-256=:${encode(new Uint8Array(await crypto.subtle.digest("SHA-256", body)))}:`;
}

function nonce(): string {
  return encode(crypto.getRandomValues(new Uint8Array(18))).replaceAll("+", "-").replaceAll("/", "_");
}

function der(keyId: string, pem: string): Uint8Array<ArrayBuffer> {
  const found = /-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----/.exec(pem);
  const raw = found && decode(found[1]!.replace(/\s/g, ""));
  if (!raw) throw new TypeError(`signing key ${keyId}: the private key is not PKCS #8 in PEM`);
  return raw;
}
