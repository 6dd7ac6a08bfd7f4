// A partner's program that is not ours: "node partner.js <protos> <port>" makes the calls of the contract and prints a line a check.
// In the environment: CODES, API_KEY, SLOW_KEY (of a partner with a quota of 5 calls), CUSTOMER (who has 600 points), CARD, RUNTIME_PROTOS.
'use strict';

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const [protos, port] = process.argv.slice(2);
const load = (file, folder) => grpc.loadPackageDefinition(
  loader.loadSync(file, { includeDirs: [folder], keepCase: true, longs: Number, enums: String, defaults: true }));
const { PartnerService } = load('patron/partner/v1/partner.proto', protos).patron.partner.v1;
const { Health } = load('grpc/health/v1/health.proto', process.env.RUNTIME_PROTOS).grpc.health.v1;
const details = protobuf.loadSync(path.join(__dirname, 'details.proto'));

const address = `127.0.0.1:${port}`;
const client = new PartnerService(address, grpc.credentials.createInsecure());
const { CUSTOMER: customer, CARD: card, API_KEY: mine, SLOW_KEY: slow } = process.env;
let passed = 0;
let failed = 0;

function check(what, right, got) {
  if (right) passed++; else failed++;
  console.log(right ? `ok ${what}` : `FAIL ${what}: ${JSON.stringify(got)}`);
}

function metadataOf(key) {
  const metadata = new grpc.Metadata();
  if (key) metadata.set('x-api-key', key);
  return metadata;
}

const call = (method, request, { key = mine, within = 10_000 } = {}) => new Promise((resolve) =>
  client[method](request, metadataOf(key), { deadline: Date.now() + within }, (error, answer) =>
    resolve(error ? { code: grpc.status[error.code], details: error.details, ...why(error) } : answer)));

function why(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!bytes) return {};
  const found = {};
  for (const packed of details.lookupType('details.Status').decode(bytes).details) {
    const [, name] = packed.typeUrl.split('google.rpc.');
    const type = details.lookupType(`details.${name}`);
    found[name] = type.toObject(type.decode(packed.value), { longs: Number, defaults: true });
  }
  return found;
}

const statement = (after, key = mine) => new Promise((resolve) => {
  const entries = [];
  client.Statement({ customer_id: customer, after }, metadataOf(key), { deadline: Date.now() + 10_000 })
    .on('data', (entry) => entries.push(entry))
    .on('error', (error) => resolve({ code: grpc.status[error.code], ...why(error) }))
    .on('end', () => resolve(entries));
});

// Sends all requests at once over one stream, and answers the responses by their call_id.
const session = (requests) => new Promise((resolve) => {
  const responses = {};
  const stream = client.Session(metadataOf(mine), { deadline: Date.now() + 10_000 });
  stream.on('data', (response) => { responses[response.call_id] = response; })
    .on('error', (error) => resolve({ code: grpc.status[error.code], ...why(error) }))
    .on('end', () => resolve(responses));
  requests.forEach((request, i) => stream.write({ call_id: i + 1, ...request }));
  stream.end();
});

async function main() {
  let got = await call('Lookup', { loyalty_card: card });
  check('a member is found by card', got.customer_id === customer && got.available === 600 && got.tier === 'silver', got);
  got = await call('Lookup', { loyalty_card: 'C-NOBODY' });
  check('nobody is not found', got.code === 'NOT_FOUND' && got.ErrorInfo.reason === 'MEMBER_UNKNOWN' && got.ErrorInfo.domain === 'patron', got);
  got = await call('Lookup', { loyalty_card: card, email: 'a@b.example' });
  check('two identifiers are one too many', got.code === 'INVALID_ARGUMENT' && got.BadRequest.fieldViolations[0].field === 'customer_id', got);
  got = await call('Lookup', { customer_id: customer }, { key: null });
  check('no key', got.code === 'UNAUTHENTICATED', got);

  const stay = { idempotency_key: 'stay-77', customer_id: customer, points: 500, reason: 'hotel-night' };
  const earned = await call('Earn', stay);
  check('points are booked', earned.points === 500 && earned.balance === 1100, earned);
  got = await call('Earn', stay);
  check('a repeat answers as the first time', got.grant_id === earned.grant_id && got.balance === 1100, got);
  got = await call('Earn', { ...stay, points: 501 });
  check('another request under the same key', got.code === 'ALREADY_EXISTS' && got.ErrorInfo.reason === 'IDEMPOTENCY_KEY_REUSED', got);
  got = await call('Earn', { ...stay, idempotency_key: 'stay-78', points: -5 });
  check('negative points', got.code === 'INVALID_ARGUMENT' && got.ErrorInfo.reason === 'POINTS_OUT_OF_RANGE', got);
  got = await call('Earn', { ...stay, idempotency_key: 'stay-79', points: 200_000 });
  check('more than the partner may book', got.code === 'PERMISSION_DENIED', got);
  got = await call('Earn', { ...stay, idempotency_key: 'stay-80', occurred_at: { seconds: 4_102_444_800 } });
  check('points of the far future', got.code === 'INVALID_ARGUMENT' && got.ErrorInfo.reason === 'TIME_OUT_OF_RANGE', got);
  got = await call('Earn', { ...stay, idempotency_key: '' });
  check('no idempotency key', got.BadRequest?.fieldViolations[0].field === 'idempotency_key', got);

  const desk = { idempotency_key: 'desk-1', customer_id: customer, points: 300, reason: 'late-checkout', hold_for: { seconds: 120 } };
  const held = await call('ReservePoints', desk);
  check('points are held', held.points === 300 && held.available === 800, held);
  got = await call('ReservePoints', desk);
  check('a repeated reservation is the same hold', got.hold_id === held.hold_id, got);
  got = await call('ReservePoints', { ...desk, idempotency_key: 'desk-2', points: 900 });
  check('more than is there', got.code === 'FAILED_PRECONDITION' && got.ErrorInfo.reason === 'NOT_ENOUGH_POINTS', got);
  got = await call('ReservePoints', { ...desk, idempotency_key: 'desk-3', hold_for: { seconds: 5 } });
  check('too short a hold', got.BadRequest?.fieldViolations[0].field === 'hold_for', got);
  got = await call('ConfirmHold', { customer_id: customer, hold_id: held.hold_id, points: 250 });
  check('a part of the hold is spent', got.points === 250 && got.balance === 850, got);
  const again = await call('ConfirmHold', { customer_id: customer, hold_id: held.hold_id, points: 250 });
  check('a repeated confirmation spends nothing more', again.redemption_id === got.redemption_id && again.balance === 850, again);
  const other = await call('ReservePoints', { ...desk, idempotency_key: 'desk-4' });
  got = await call('CancelHold', { customer_id: customer, hold_id: other.hold_id });
  check('a hold is given back', got.points === 300 && got.balance === 850, got);
  got = await call('ConfirmHold', { customer_id: customer, hold_id: other.hold_id });
  check('what was given back is not spent', got.code === 'FAILED_PRECONDITION' && got.ErrorInfo.reason === 'HOLD_NOT_OPEN', got);

  const raced = await Promise.all(Array.from({ length: 40 }, (_, i) =>
    call('ReservePoints', { ...desk, idempotency_key: `race-${i}`, points: 500 })));
  check('of forty that want the same points one gets them', raced.filter((r) => r.hold_id).length === 1, raced.map((r) => r.code ?? 'held'));
  await call('CancelHold', { customer_id: customer, hold_id: raced.find((r) => r.hold_id).hold_id });

  const till = { customer_id: customer, points: 500, reason: 'till' };
  const answers = Object.values(await session([
    ...Array.from({ length: 40 }, (_, i) => ({ reserve_points: { ...till, idempotency_key: `till-${i}` } })),
    { lookup: { customer_id: customer } }, { cancel_hold: { customer_id: customer, hold_id: 'no id' } },
  ]));
  const [won, ...more] = answers.filter((answer) => answer.reserve_points);
  const lost = answers.filter((answer) => answer.refusal?.code === grpc.status.FAILED_PRECONDITION);
  check('of forty calls of a session one gets the points', answers.length === 42 && won && more.length === 0 && lost.length === 39, answers);
  check('a call of a session is refused alone', answers.some((answer) => answer.lookup?.customer_id === customer)
    && answers.some((answer) => answer.refusal?.code === grpc.status.INVALID_ARGUMENT), answers);
  got = await session([{ cancel_hold: { customer_id: customer, hold_id: won.reserve_points.hold_id } }]);
  check('a hold is given back in a session', got[1].cancel_hold.points === 500, got);

  const entries = await statement(0);
  check('a statement adds up', entries.length > 2 && entries.reduce((sum, e) => sum + e.points, 0) === 850 && entries.at(-1).balance === 850, entries);
  const rest = await statement(entries.at(-2).position);
  check('a statement goes on where it was left', rest.length === 1 && rest[0].position === entries.at(-1).position && rest[0].balance === 850, rest);
  got = await call('Lookup', { customer_id: customer }, { within: -1 });
  check('a deadline that has passed', got.code === 'DEADLINE_EXCEEDED', got);

  const [used, raced2, held2, given] = process.env.CODES.split(',');
  const basket = { currency: 'GBP', channel: 'marketplace', lines: [{ product: 'MUG', quantity: 2, amount_minor: 3000 }] };
  got = await call('CheckCoupon', { code: used, basket });
  check('a coupon is worth what its campaign says', got.applies === true && got.discount_minor === 300 && got.campaign === 'spring', got);
  const bill = { idempotency_key: 'bill-1', code: used, basket, receipt: 'b-1' };
  const redeemed = await call('RedeemCoupon', bill);
  check('a coupon is redeemed', redeemed.discount_minor === 300 && redeemed.currency === 'GBP', redeemed);
  got = await call('RedeemCoupon', bill);
  check('a repeated redemption answers as the first time', got.coupon_id === redeemed.coupon_id && got.discount_minor === 300, got);
  got = await call('RedeemCoupon', { ...bill, receipt: 'b-2' });
  check('another purchase under the same key', got.code === 'ALREADY_EXISTS', got);
  got = await call('RedeemCoupon', { ...bill, idempotency_key: 'bill-2' });
  check('a coupon is redeemed once', got.code === 'FAILED_PRECONDITION' && got.ErrorInfo.reason === 'COUPON_USED', got);
  got = await call('CheckCoupon', { code: used, basket });
  check('a used coupon says so', got.applies === false && got.reason === 'COUPON_USED', got);
  got = await call('RedeemCoupon', { ...bill, idempotency_key: 'bill-3', code: 'AAAA-BBBB-CCCC-DDDD' });
  check('a code that is none', got.code === 'NOT_FOUND' && got.ErrorInfo.reason === 'COUPON_UNKNOWN', got);
  got = await call('RedeemCoupon', { ...bill, idempotency_key: 'bill-4', code: raced2, basket: { ...basket, lines: [] } });
  check('an empty basket', got.BadRequest?.fieldViolations[0].field === 'basket.lines', got);
  const bills = await Promise.all(Array.from({ length: 40 }, (_, i) => call('RedeemCoupon', { ...bill, idempotency_key: `bills-${i}`, code: raced2 })));
  check('of forty that show the same code one succeeds', bills.filter((r) => r.coupon_id).length === 1, bills.map((r) => r.code ?? 'redeemed'));
  const aside = await call('ReserveCoupon', { idempotency_key: 'aside-1', code: held2, basket });
  check('a coupon is set aside', aside.discount_minor === 300 && aside.hold_id.length > 0, aside);
  got = await call('RedeemCoupon', { ...bill, idempotency_key: 'bill-5', code: held2 });
  check('what is set aside is nobody else\'s', got.ErrorInfo?.reason === 'COUPON_RESERVED', got);
  got = await call('ConfirmCoupon', { hold_id: aside.hold_id, discount_minor: 300, currency: 'GBP' });
  check('it is confirmed', got.coupon_id.length > 0 && got.discount_minor === 300, got);
  got = await call('ConfirmCoupon', { hold_id: aside.hold_id, discount_minor: 300, currency: 'GBP' });
  check('a repeated confirmation answers as the first time', got.discount_minor === 300, got);
  const back = await call('ReserveCoupon', { idempotency_key: 'aside-2', code: given, basket });
  await call('CancelCoupon', { hold_id: back.hold_id });
  got = await call('CheckCoupon', { code: given, basket });
  check('what was given back can be used', got.applies === true, got);

  const burst = await Promise.all(Array.from({ length: 30 }, () => call('Lookup', { customer_id: customer }, { key: slow })));
  const refused = burst.filter((r) => r.code === 'RESOURCE_EXHAUSTED');
  check('a quota is kept and says when to go on', refused.length >= 15 && refused[0].ErrorInfo.reason === 'QUOTA_EXCEEDED'
    && refused[0].RetryInfo.retryDelay.nanos + 1e9 * refused[0].RetryInfo.retryDelay.seconds > 0, burst[29]);
  got = await call('Lookup', { customer_id: customer });
  check('another partner is not held up by it', got.available === 850, got);

  const health = new Health(address, grpc.credentials.createInsecure());
  const serving = await new Promise((resolve) => health.Check({ service: 'patron.partner.v1.PartnerService' }, (error, answer) => resolve(error ?? answer)));
  check('the service says that it serves', serving.status === 'SERVING', serving);

  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

main();
