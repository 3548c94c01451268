// Verifies webhooks as a merchant would, with the libraries of Svix and of Standard
// Webhooks, and, where the secret is an Ed25519 public key, which neither takes, with Node's own cryptography.
// Standard input: a JSON list of {name, secret, headers, body}, body in base64. Standard output:
// a list of {name, verdicts}, by the judge's name, each "ok" or its complaint.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const tolerance = 5 * 60; // seconds

// ed25519 follows the specification's text: any v1a entry over id.timestamp.body will do.
class Ed25519 {
  constructor(secret) {
    const head = Buffer.from("302a300506032b6570032100", "hex"); // of a public key in DER (RFC 8410)
    const raw = Buffer.from(secret.replace(/^whpk_/, ""), "base64");
    this.key = createPublicKey({ key: Buffer.concat([head, raw]), format: "der", type: "spki" });
  }

  verify(body, headers) {
    const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": list } = headers;
    if (!id || !at || !list) throw new Error("missing header");
    if (Math.abs(Date.now() / 1000 - Number(at)) > tolerance) throw new Error("stale");
    const signed = Buffer.from(`${id}.${at}.${body}`);
    const fits = list.split(" ").map((entry) => entry.split(","))
      .some(([version, signature]) => version === "v1a" && verify(null, signed, this.key, Buffer.from(signature, "base64")));
    if (!fits) throw new Error("no signature fits");
  }
}

function verdict(Library, delivery) {
  const body = Buffer.from(delivery.body, "base64");
  try {
    new Library(delivery.secret).verify(body.toString("utf8"), delivery.headers); // throws when it refuses
    return JSON.parse(body).id === delivery.headers["webhook-id"] ? "ok" : "another event";
  } catch (err) {
    return `${err.name}: ${err.message}`;
  }
}

const shared = { svix: Svix, standardwebhooks: Standard };
const judges = (secret) => (secret.startsWith("whpk_") ? { "node:crypto": Ed25519 } : shared);

const deliveries = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(deliveries.map((d) => ({
  name: d.name,
  verdicts: Object.fromEntries(Object.entries(judges(d.secret)).map(([name, Library]) => [name, verdict(Library, d)])),
}))));
