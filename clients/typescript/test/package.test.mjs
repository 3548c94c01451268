// What the package is made of: generated from the document, of the program's version, and nothing of Node in it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { apiVersion } from "../dist/index.js";
import { program } from "./deployment.mjs";

const run = promisify(execFile);
const here = new URL("..", import.meta.url).pathname;
const read = (name) => readFile(join(here, name), "utf8");
let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "paymux-client-"))));
after(() => rm(folder, { recursive: true }));

test("the types are those of the document (npm run generate)", async () => {
  const { scripts } = JSON.parse(await read("package.json"));
  const [, ...given] = scripts.generate.split(" ");
  const out = join(folder, "openapi.ts");
  await run("node_modules/.bin/openapi-typescript", given.map((word) => (word === "src/openapi.ts" ? out : word)), { cwd: here });
  assert.equal(await readFile(out, "utf8"), await read("src/openapi.ts"));
});

test("the compiler takes what it should and refuses what it should (npm run types)", async () => {
  await run("node_modules/.bin/tsc", ["-p", "test/tsconfig.json"], { cwd: here }).catch((err) => assert.fail(err.stdout));
});

test("the interface's shape is the document's", async () => {
  assert.equal(JSON.parse(await read("../../api/openapi.json")).info.version, apiVersion);
});

test("the version is the program's", async () => {
  const { stdout } = await run(await program(folder), ["version", "-o", "json"]);
  const { version, dependencies } = JSON.parse(await read("package.json"));
  assert.equal(version, JSON.parse(stdout).version);
  assert.equal(dependencies, undefined);
});

test("browsers can load it: it imports its own files only", async () => {
  const built = (await readdir(join(here, "dist"))).filter((name) => name.endsWith(".js"));
  assert.ok(built.length > 10);
  for (const name of built) {
    const text = await read(join("dist", name));
    for (const [, from] of text.matchAll(/from "([^"]+)"/g)) assert.match(from, /^\.\//, name);
    assert.doesNotMatch(text, /\b(process|Buffer|require)\b[.(]/, name);
  }
});
