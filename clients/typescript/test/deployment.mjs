// A Paymux of its own for a test file: `paymux dev` on a free port, everything it keeps in a folder
// that goes with it. PAYMUX names the program; without it, it is built.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Paymux } from "../dist/index.js";

const repository = new URL("../../..", import.meta.url).pathname;

/** Where the program is. */
export async function program(folder) {
  if (process.env.PAYMUX) return process.env.PAYMUX;
  const built = join(folder, "paymux");
  await promisify(execFile)("go", ["build", "-o", built, "./cmd/paymux"], { cwd: repository });
  return built;
}

/** Starts a deployment. Its `stop` ends it and removes what it kept. */
export async function deploy() {
  const folder = await mkdtemp(join(tmpdir(), "paymux-client-"));
  const env = { ...process.env, PAYMUX_CONFIG_DIR: folder, LANG: "C" };
  const child = spawn(await program(folder), ["dev", "--listen", "127.0.0.1:0", "--data", join(folder, "data"), "-o", "json"], { env });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const ready = new Promise((resolve) => {
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
      if (/^}/m.test(out)) resolve(true); // the whole object is there
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true });
  };
  if ((await Promise.race([ready, ended])) !== true) throw new Error(`paymux dev ended: ${said}`);
  const known = profile(await readFile(join(folder, "config.yaml"), "utf8"));
  const sandbox = new Paymux({ baseUrl: known.base_url, key: known.ops_token });
  return {
    url: known.base_url,
    key: known.key,
    signingKey: known.signing_key,
    signingSecret: known.signing_secret,
    client: (config = {}) => new Paymux({ baseUrl: known.base_url, key: known.key, ...config }),
    /** Does the payer's part. */
    payer: (payment, verb) => sandbox.call("POST", `/sandbox/api/payments/${payment}/${verb}`, {}),
    /** What the institution's own book says of a payment. */
    charges: async (payment) => (await sandbox.list("/sandbox/api/charges", { payment }).page()).data,
    stop,
  };
}

/** Reads the flat YAML that the commands share. */
function profile(text) {
  return Object.fromEntries(text.trim().split("\n").map((line) => {
    const [, name, value] = /^(\w+): "?(.*?)"?$/.exec(line);
    return [name, value];
  }));
}

/** An order number nobody has. */
export const order = () => crypto.randomUUID();

/** A card payment. An amount's last two digits may mean something to the sandbox. */
export const purchase = (more = {}) => ({
  amount: 1250,
  currency: "CNY",
  merchant_order_id: order(),
  payment_method: { type: "card", card: { number: "4242424242424242", exp_month: 12, exp_year: 2040, cvc: "123" } },
  ...more,
});

/** Looks again until it is so, for ten seconds. */
export async function until(look) {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const found = await look();
    if (found) return found;
  }
  throw new Error("it did not become so within ten seconds");
}
