// Verifies webhooks as a merchant would, with the libraries of Svix and of Standard
// Webhooks. Standard input: a JSON list of {name, secret, headers, body}, body in
// base64. Standard output: a list of {name, svix, standardwebhooks}, each
// "ok" or the library's complaint.
import { readFileSync } from "node:fs";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

function verdict(Library, delivery) {
  const body = Buffer.from(delivery.body, "base64");
  try {
    new Library(delivery.secret).verify(body.toString("utf8"), delivery.headers); // throws when it refuses
    return JSON.parse(body).id === delivery.headers["webhook-id"] ? "ok" : "another event";
  } catch (err) {
    return `${err.name}: ${err.message}`;
  }
}

const deliveries = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(deliveries.map((d) => ({
  name: d.name,
  svix: verdict(Svix, d),
  standardwebhooks: verdict(Standard, d),
}))));
