// Signs requests with npm http-message-signatures and httpbis-digest-headers,
// sends them as they are or spoilt in one way, and prints what the server said.
// In, on standard input: {url, keys: [{id, alg, secret | pem}]}. Out: [{key, name, status, code}].
import { randomUUID, createPrivateKey } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { httpbis, createSigner } from 'http-message-signatures';
import { createContentDigestHeader } from 'httpbis-digest-headers';

const { url, keys } = JSON.parse(await text(process.stdin));
const body = '{"amount":1000,"currency":"EUR","description":"café 你好"}';
const path = '/v1/payments/a%2Fb?expand=x%20y&name=%E4%BD%A0';
const all = ['@method', '@target-uri', 'content-digest', 'idempotency-key'];
const params = ['created', 'nonce', 'keyid', 'alg'];
const minutes = (n) => new Date(Date.now() + n * 60_000);

async function signed(key, { fields = all, method = 'POST', target = path, created = new Date(), ask = params, id = key.id, alg = key.alg } = {}) {
  const secret = key.secret ? Buffer.from(key.secret, 'base64') : createPrivateKey(key.pem);
  const message = { method, url: url + target, headers: {} };
  if (method === 'POST') {
    message.headers['Content-Type'] = 'application/json';
    message.headers['Content-Digest'] = createContentDigestHeader(body, ['sha-256']);
    message.headers['Idempotency-Key'] = randomUUID();
  }
  return httpbis.signMessage({
    key: createSigner(secret, key.alg, id), name: 'sig1', fields, params: ask,
    paramValues: { created, nonce: randomUUID(), keyid: id, alg },
  }, message);
}

function send({ method, url, headers }, content = method === 'POST' ? body : undefined) {
  return new Promise((resolve, reject) => {
    const r = request(url, { method, headers: { ...headers, ...(content && { 'Content-Length': Buffer.byteLength(content) }) } }, async (answer) => {
      resolve({ status: answer.statusCode, ...JSON.parse(await text(answer)) });
    });
    r.on('error', reject);
    r.end(content);
  });
}

const without = (fields, name) => fields.filter((f) => f !== name);
const change = (edit, content) => async (key) => {
  const message = await signed(key);
  edit(message);
  return send(message, content);
};
const sign = (options) => async (key) => send(await signed(key, options));

const cases = {
  'accepted': sign(),
  'accepted without body': sign({ method: 'GET', fields: ['@method', '@target-uri'] }),
  'accepted with more covered': sign({ fields: [...all, '@authority', '@path', '@query', '@scheme', 'content-type'] }),
  'accepted without alg': sign({ ask: ['created', 'nonce', 'keyid'] }),
  'accepted with expires': sign({ ask: [...params, 'expires'] }),

  'tampered body': change(() => {}, body.replace('1000', '9000')),
  'tampered path': change((m) => { m.url = m.url.replace('payments', 'refunds'); }),
  'tampered escape': change((m) => { m.url = m.url.replace('%2F', '%2f'); }),
  'tampered query': change((m) => { m.url = m.url.replace('x%20y', 'z'); }),
  'tampered method': change((m) => { m.method = 'PUT'; }, body),
  'tampered host': change((m) => { m.headers.Host = 'evil.example'; }),
  'tampered idempotency key': change((m) => { m.headers['Idempotency-Key'] = 'other'; }),
  'tampered digest': change((m) => { m.headers['Content-Digest'] = createContentDigestHeader('{}', ['sha-256']); }, '{}'),
  'tampered nonce': change((m) => { m.headers['Signature-Input'] = m.headers['Signature-Input'].replace('nonce="', 'nonce="0'); }),
  'tampered created': change((m) => { m.headers['Signature-Input'] = m.headers['Signature-Input'].replace(/created=(\d+)/, (_, n) => `created=${n - 1}`); }),
  'tampered signature': change((m) => { m.headers.Signature = m.headers.Signature.replace(/:(.)/, (_, c) => ':' + (c === 'A' ? 'B' : 'A')); }),
  'tampered coverage': change((m) => { m.headers['Signature-Input'] = m.headers['Signature-Input'].replace('"idempotency-key"', '"content-type"'); }),

  'stripped signature': change((m) => { delete m.headers.Signature; }),
  'stripped input': change((m) => { delete m.headers['Signature-Input']; }),
  'stripped both': change((m) => { delete m.headers.Signature; delete m.headers['Signature-Input']; }),
  'stripped digest': change((m) => { delete m.headers['Content-Digest']; }),
  'stripped idempotency key': change((m) => { delete m.headers['Idempotency-Key']; }),
  'uncovered method': sign({ fields: without(all, '@method') }),
  'uncovered target': sign({ fields: without(all, '@target-uri') }),
  'uncovered digest': sign({ fields: without(all, 'content-digest') }),
  'uncovered idempotency key': sign({ fields: without(all, 'idempotency-key') }),
  'no nonce': sign({ ask: without(params, 'nonce') }),
  'no created': sign({ ask: without(params, 'created') }),

  'stale old': sign({ created: minutes(-6) }),
  'stale future': sign({ created: minutes(6) }),
  'unknown key': sign({ id: 'key_unknown' }),
  'other alg': sign({ alg: 'ecdsa-p256-sha256' }),
  'replayed': async (key) => {
    const message = await signed(key);
    const first = await send(message);
    return first.status === 200 ? send(message) : first;
  },
};

const results = [];
for (const key of keys) {
  for (const [name, run] of Object.entries(cases)) {
    results.push({ key: key.id, name, ...await run(key) });
  }
}
process.stdout.write(JSON.stringify(results));
