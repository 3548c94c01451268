// Two frontends of one real deployment, of which the first is dead, dying, or not ready.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import { connect, createServer as listen } from "node:net";
import { after, before, test } from "node:test";
import { ConnectionError, signHmac, UnsettledError } from "../dist/index.js";
import { deploy, purchase } from "./deployment.mjs";

let paymux;
const open = [];
before(async () => (paymux = await deploy()));
after(async () => {
  for (const server of open) {
    server.closeAllConnections?.();
    server.close();
  }
  await paymux?.stop();
});

async function stand(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
  return `http://127.0.0.1:${server.address().port}`;
}

/** A proxy in front of the deployment that does something else with the answer than to pass it on. */
const proxy = (end) =>
  stand(
    createServer((request, response) => {
      const { hostname, port } = new URL(paymux.url);
      const onward = ask({ hostname, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
        answer.resume();
        answer.on("end", () => end(request, response));
      });
      request.pipe(onward);
    }),
  );

/** An address where nobody listens. */
async function dead() {
  const server = listen();
  const url = await stand(server);
  server.close();
  await once(server, "close");
  return url;
}

const bearer = (baseUrl) => paymux.client({ baseUrl });
const signed = (baseUrl) => paymux.client({ baseUrl, key: undefined, signer: signHmac(paymux.signingKey, paymux.signingSecret) });

/** Buys once and says whether the answer was an earlier attempt's; money has moved once. */
async function buys(api, wish = purchase()) {
  let told;
  const payment = await api.payments.create(wish, { onAnswer: (answered) => (told = answered) });
  assert.equal(payment.status, "succeeded");
  assert.deepEqual((await paymux.charges(payment.id)).map((c) => c.effects), [1]);
  assert.equal((await bearer(paymux.url).payments.list({ merchant_order_id: wish.merchant_order_id }).all()).length, 1);
  return told.replayed;
}

for (const [name, client] of Object.entries({ bearer, signed })) {
  test(`the first frontend is dead (${name})`, async () => {
    const first = await dead();
    const api = client([first, paymux.url]);
    assert.equal(await buys(api), false);
    assert.equal(await buys(api), false); // and is not asked again at once
  });

  test(`the first frontend dies after it has taken the request (${name})`, async () => {
    const first = await proxy((request) => request.socket.destroy());
    assert.equal(await buys(client([first, paymux.url])), true);
  });

  test(`the first frontend's proxy gives up on it (${name})`, async () => {
    const first = await proxy((_, response) => response.writeHead(504, { "content-type": "text/html" }).end("<html>"));
    assert.equal(await buys(client([first, paymux.url])), true);
  });

  test(`half an answer (${name})`, async () => {
    const first = await proxy((_, response) => {
      response.writeHead(201, { "content-length": 1000 });
      response.write('{"id":"pay_', () => response.destroy());
    });
    assert.equal(await buys(client([first, paymux.url])), true);
  });

  test(`the first frontend is a standby (${name})`, async () => {
    const first = await stand(createServer((_, response) => response.writeHead(503, { "retry-after": "60" }).end('{"code":"unavailable"}')));
    assert.equal(await buys(client([first, paymux.url])), false);
  });
}

test("the first frontend hangs: half of the call's time is its", async () => {
  const first = await proxy(() => {});
  const begun = performance.now();
  const api = paymux.client({ baseUrl: [first, paymux.url], timeoutMs: 2000 });
  assert.equal(await buys(api), true);
  assert.ok(performance.now() - begun < 1900);
});

test("what was not learnt names its key, and the repeat has the outcome", async () => {
  const dying = await proxy((request) => request.socket.destroy());
  const wish = purchase();
  let open;
  await assert.rejects(bearer([dying]).payments.create(wish), (err) => (open = err) instanceof UnsettledError);
  assert.ok(open.cause instanceof ConnectionError);
  let told;
  const payment = await bearer(paymux.url).payments.create(wish, { idempotencyKey: open.idempotencyKey, onAnswer: (a) => (told = a) });
  assert.equal(told.replayed, true);
  assert.deepEqual((await paymux.charges(payment.id)).map((c) => c.effects), [1]);
});

test("nobody there: nothing happened, and it says so", async () => {
  await assert.rejects(bearer([await dead(), await dead()]).payments.create(purchase()), (err) => err instanceof ConnectionError && !(err instanceof UnsettledError));
});

test("a question is asked elsewhere, too", async () => {
  const api = bearer([await proxy((request) => request.socket.destroy()), paymux.url]);
  assert.match((await api.merchant()).id, /^mer_/);
});

test("connections that die under way", async () => {
  // Cut after a number of bytes, at the level of TCP: anywhere in the request or its answer.
  for (const bytes of [1, 200, 400, 600, 900]) {
    const first = await stand(
      listen((socket) => {
        const { hostname, port } = new URL(paymux.url);
        const onward = connect(Number(port), hostname);
        let left = bytes;
        const pass = (to) => (part) => {
          to.write(part.subarray(0, left));
          if ((left -= part.length) <= 0) setImmediate(() => (socket.destroy(), onward.destroy()));
        };
        socket.on("data", pass(onward)).on("error", () => {}).on("close", () => onward.destroy());
        onward.on("data", pass(socket)).on("error", () => {}).on("close", () => socket.destroy());
      }),
    );
    await buys(signed([first, paymux.url]));
  }
});
