// A Paymux service package in Node: a bank that pretends, and the channel contract in front of it
// (docs/channel-contract.md). It shows that a package needs a NATS client and nothing else of Paymux.
// No money can move here. Everything is in memory and gone at the end.
//
// Start reading at the bottom, where it is served; then at channel, which translates; then at the bank.
import {createHmac, randomBytes, timingSafeEqual} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {connect, headers, nkeyAuthenticator} from 'nats';

const NAME = 'nodebank', VERSION = '1.0.0', ACCOUNT = 'nodebank-main';
const SECRET = process.env.NODEBANK_SECRET ?? randomBytes(32).toString('hex'); // signs the bank's notifications
const since = new Date().toISOString();
const unknownCodes = {}; // of the bank, that nobody has told us of

/** A fault of the contract. Any other error leaves open what happened. */
class Fault extends Error {
  constructor(text, ...names) { super(text); this.names = names; }
}
const badRequest = (what) => new Fault(`${what} cannot be read`, 'bad_request', 'not_taken');

// ---- The bank. It has words of its own, as banks do.

const orders = new Map(); // by the number that we give it: the operation's id
let line = 'good', lineUntil = 0;
const lineNow = () => (Date.now() < lineUntil ? line : 'good');

const CARDS = {tok_ok: 'PAID', tok_refused: 'REFUSED:05', tok_poor: 'REFUSED:51', tok_busy: 'REFUSED:91', tok_strange: 'MOONLIT:NB-777'};

/** Decides an order once; the same number again is the same order. */
function order(op) {
  const known = orders.get(op.id);
  if (known) return known;
  const o = {number: op.id, kind: op.kind, amount: op.amount, currency: op.currency, pay: op.pay_id, url: op.callback_url,
    transaction: 'nb_' + randomBytes(8).toString('hex'), effects: 0, refunded: 0, status: '', code: '', at: ''};
  orders.set(o.number, o);
  const paid = orders.get(op.pay_id);
  switch (op.kind) {
    case 'pay':
      end(o, op.card ? CARDS[op.card.token] ?? 'REFUSED:14' : 'OPEN');
      break;
    case 'cancel':
      if (paid?.status === 'OPEN') { end(paid, 'CLOSED'); end(o, 'PAID'); } else end(o, 'REFUSED:12');
      break;
    case 'refund':
      if (paid?.status === 'PAID' && o.amount > 0 && paid.refunded + o.amount <= paid.amount) { paid.refunded += o.amount; end(o, 'PAID'); } else end(o, 'REFUSED:61');
  }
  return o;
}

function end(o, word) {
  [o.status, o.code = ''] = word.split(':');
  o.at = new Date().toISOString();
  if (o.status === 'PAID') o.effects++;
}

/** A notification of an order, signed as of a time. Body and status may be something else. */
function notification(o, {at = Date.now(), status = o?.status, body} = {}) {
  body ??= JSON.stringify({id: 'nbn_' + randomBytes(8).toString('hex'), number: o.number, status, code: o.code, amount: o.amount, currency: o.currency, transaction: o.transaction});
  const time = Math.floor(at / 1000);
  return {method: 'POST', url: o?.url ?? '', body: Buffer.from(body).toString('base64'),
    header: {'Content-Type': ['application/json'], 'Nodebank-Signature': [`t=${time},v1=${sign(time, Buffer.from(body)).toString('hex')}`]}};
}
const sign = (time, body) => createHmac('sha256', SECRET).update(`${time}.`).update(body).digest();

/** Tells whoever is to be told. A bank would repeat this; Paymux asks by itself where it is lost. */
function notify(o) {
  if (!o.url) return;
  const n = notification(o);
  fetch(n.url, {method: n.method, body: Buffer.from(n.body, 'base64'), headers: {'Nodebank-Signature': n.header['Nodebank-Signature'][0]}})
    .catch((e) => console.error(`notification of ${o.number}: ${e.message}`));
}

// ---- The channel: translates between the contract and the bank. It keeps nothing.

const STATES = {OPEN: 'pending', PAID: 'succeeded', REFUSED: 'declined', CLOSED: 'canceled'};
const DECLINES = {
  '05': {decline_code: 'generic_decline'}, 14: {decline_code: 'invalid_account'}, 51: {decline_code: 'insufficient_funds'},
  61: {decline_code: 'refund_refused'}, 12: {decline_code: 'generic_decline'},
  91: {decline_code: 'processing_error', retryable: true}, // by the bank's own documents nothing has happened
};

/** What the bank says of an order, in the contract's words. What nobody knows is unknown, never a refusal. */
function result({kind, status, code, amount, currency, transaction}) {
  const r = {state: STATES[status], amount, currency, channel_id: transaction, code: code || undefined};
  if (!r.state || r.state === 'declined' && !DECLINES[code]) {
    const word = code || status;
    unknownCodes[word] = (unknownCodes[word] ?? 0) + 1;
    return {...r, state: 'unknown', code: word};
  }
  if (r.state === 'pending' && kind === 'pay') r.next_action = {type: 'redirect', redirect: {url: `https://nodebank.example/pay/${transaction}`, method: 'GET'}};
  return r.state === 'declined' ? {...r, ...DECLINES[code]} : r;
}

/** What the line does to an answer: it is given, or it is not and nobody knows. */
async function over(deadline, ask) {
  if (lineNow() === 'refused') throw new Fault('connection refused', 'not_sent');
  const answer = ask();
  if (lineNow() === 'broken') throw new Error('the bank answers 500');
  if (lineNow() === 'silent') {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, deadline - Date.now())));
    throw new Error('the bank does not answer');
  }
  return answer;
}

function operation(q) {
  const op = q.operation;
  if (typeof op?.id !== 'string' || op.id === '' || typeof op.kind !== 'string' || !Number.isSafeInteger(op.amount)) throw badRequest('operation');
  return op;
}

const channel = {
  do(q, deadline) {
    const op = operation(q);
    if (!['pay', 'cancel', 'refund'].includes(op.kind) || op.manual) throw new Fault(`the bank cannot ${op.kind} so`, 'unsupported');
    return over(deadline, () => result(order(op)));
  },

  query(q, deadline) {
    const {id} = operation(q);
    return over(deadline, () => {
      if (!orders.has(id)) throw new Fault(`the bank has never seen ${id}`, 'absent');
      return result(orders.get(id));
    });
  },

  callback(q) {
    if (typeof q.body !== 'string' || typeof (q.header ?? {}) !== 'object') throw badRequest('callback');
    const body = Buffer.from(q.body, 'base64');
    const header = Object.entries(q.header ?? {}).find(([name]) => name.toLowerCase() === 'nodebank-signature');
    const [, time, proof] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header?.[1]?.[0] ?? '') ?? [];
    if (!proof || !timingSafeEqual(sign(time, body), Buffer.from(proof, 'hex'))) return {refused: 'forged', reason: 'the signature is missing or wrong'};
    if (Math.abs(Date.now() / 1000 - time) > 300) return {refused: 'stale', reason: 'it was not signed just now'};
    let news;
    try { news = JSON.parse(body); } catch { news = null; }
    if (typeof news?.id !== 'string' || typeof news.number !== 'string') return {refused: 'malformed', reason: 'id or number is missing'};
    return {id: news.id, operation: news.number, result: result(news)};
  },

  statement(q) {
    if (!/^\d{4}-\d\d-\d\d$/.test(q.day) || !Number.isSafeInteger(q.from) || !Number.isSafeInteger(q.limit) || q.from < 0 || q.limit < 1) throw badRequest('statement');
    const day = [...orders.values()].filter((o) => o.effects > 0 && o.kind !== 'cancel' && o.at.startsWith(q.day));
    const lines = day.slice(q.from, q.from + q.limit).map((o) => ({
      operation: o.number, channel_id: o.transaction, kind: o.kind, amount: o.amount, currency: o.currency, at: o.at,
    }));
    return {lines, more: q.from + lines.length < day.length};
  },

  // The kit: how the suite plays payers here. A package with a real institution has none.
  test(q) {
    const o = orders.get(q.operation);
    switch (q.verb) {
      case 'describe': return {kit: KIT};
      case 'effects': return {effects: o?.effects ?? 0};
      case 'line': line = q.line; lineUntil = Date.now() + 60_000; return {};
      case 'notify': return {notification: NOTICES[q.notice](o)};
      case 'complete': case 'decline':
        if (o?.status === 'OPEN') { end(o, q.verb === 'complete' ? 'PAID' : 'REFUSED:05'); notify(o); }
        return {};
    }
    throw new Fault(`the kit cannot ${q.verb}`, 'unsupported');
  },
};

const NOTICES = {
  success: (o) => notification(o),
  stale: (o) => notification(o, {at: Date.now() - 3_600_000}),
  malformed: () => notification(null, {body: '["paid"]'}),
  unknown: (o) => notification(o, {status: 'MOONLIT'}),
};
const card = (token) => ({name: token, method: {type: 'card'}, card: {token}});
const KIT = {
  payers: [
    {payment: card('tok_ok'), state: 'succeeded'},
    {payment: {name: 'page', method: {type: 'card'}}, state: 'pending', next_action: 'redirect', complete: true},
  ],
  declines: [
    {payment: card('tok_refused'), decline_code: 'generic_decline'},
    {payment: card('tok_poor'), decline_code: 'insufficient_funds'},
    {payment: card('tok_busy'), decline_code: 'processing_error', retryable: true},
    {payment: {name: 'payer refuses', method: {type: 'card'}}, decline_code: 'generic_decline', decline: true},
  ],
  unknown_code: card('tok_strange'), notices: Object.keys(NOTICES), lines: ['refused', 'broken', 'silent'], effects: true,
};

// ---- The package: serves the channel, and keeps itself in the registry.

const capabilities = () => ({
  contract: 1, name: NAME, title: 'Node Bank (pretends, no real money)', version: VERSION, time_limit_ms: 10_000,
  accounts: [{name: ACCOUNT, methods: ['card'], kit: true}], unknown_codes: unknownCodes,
  features: {
    manual_capture: false, partial_capture: false, multi_capture: false, cancel: true, refund: true, partial_refund: true,
    query: true, callbacks: true, statement: true, card_numbers: false, card_tokens: true,
  },
});

const env = process.env;
const nc = await connect({
  servers: (env.NATS_URL ?? 'nats://127.0.0.1:4222').split(','), name: `paymux-${NAME}`, maxReconnectAttempts: -1, waitOnFirstConnect: true,
  authenticator: env.NATS_SEED ? nkeyAuthenticator(Buffer.from(readFileSync(env.NATS_SEED, 'utf8').trim())) : undefined,
  tls: env.NATS_CA ? {caFile: env.NATS_CA} : undefined,
});

const under = new Set(); // requests under way
const subscriptions = Object.keys(channel).map((verb) =>
  nc.subscribe(`paymux.channel.${NAME}.${VERSION.replaceAll('.', '-')}.${ACCOUNT}.${verb}`, {
    queue: 'packages', // instances share the work
    callback: (_, m) => { const one = answer(verb, m).finally(() => under.delete(one)); under.add(one); },
  }));

async function answer(verb, m) {
  try {
    const deadline = Number(m.headers?.get('Paymux-Deadline')) || Date.now() + 10_000;
    if (Date.now() > deadline + 250) throw new Fault('it came after its deadline', 'not_taken');
    let q;
    try { q = JSON.parse(m.string()); } catch { throw badRequest(verb); }
    if (q === null || typeof q !== 'object') throw badRequest(verb);
    m.respond(JSON.stringify(await channel[verb](q, deadline)));
  } catch (e) {
    const h = headers();
    h.set('Paymux-Error', '1');
    m.respond(JSON.stringify({names: e.names ?? [], text: e.message}), {headers: h});
  }
}

// The lease is an entry of the key-value bucket "instances": plain requests, each with an acknowledgement.
const id = `${hostname().replace(/[^A-Za-z0-9_-]/g, '-')}-${process.pid}-${randomBytes(6).toString('hex')}`;
async function lease(body, options) {
  try {
    const ack = (await nc.request(`$KV.instances.gateway.${NAME}.${id}`, body, {timeout: 1500, ...options})).json();
    if (ack.error) throw new Error(ack.error.description);
  } catch (e) { console.error(`lease: ${e.message}; trying again`); } // the registry may not be there yet
}
const renew = () => lease(JSON.stringify({
  id, role: 'gateway', name: NAME, version: VERSION, weight: 100, state: 'ready', since, detail: capabilities(),
}));
await nc.flush(); // served before it is listed
await renew();
const renewal = setInterval(renew, 2000);
console.log(`${NAME} ${VERSION} serves ${ACCOUNT} as ${id}`);

async function stop() {
  clearInterval(renewal);
  const gone = headers();
  gone.set('KV-Operation', 'DEL');
  await lease('', {headers: gone}); // nobody sends anything new here
  await Promise.all(subscriptions.map((s) => s.drain()));
  await Promise.allSettled(under);
  await nc.drain();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
