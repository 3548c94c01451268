// README's quick start, run as it stands in both languages.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { deploy } from "./deployment.mjs";

let paymux;
before(async () => (paymux = await deploy()));
after(() => paymux?.stop());

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/<!-- quickstart -->\n```js\n(.*?)```/gs)].map((found) => found[1]);

test("both languages have one", () => assert.equal(blocks.length, 2));

blocks.forEach((block, i) =>
  test(`quick start ${i + 1}`, async () => {
    const file = new URL(`../dist/quickstart-${i + 1}.mjs`, import.meta.url).pathname; // within the package, where its own name leads to it
    await writeFile(file, block);
    const { stdout } = await promisify(execFile)("node", [file], { env: { ...process.env, PAYMUX_BASE_URL: paymux.url, PAYMUX_KEY: paymux.key } });
    const lines = stdout.trim().split("\n");
    assert.match(lines[0], /^pay_\w+ requires_action http/);
    assert.match(lines[1], /^pay_\w+ requires_action 1250$/);
    assert.equal(lines[1].split(" ")[0], lines[0].split(" ")[0]);
  }),
);
