// The echo contract by grpc-js, an implementation that is not ours: "node peer.js serve <protos>" is a server that prints its port,
// "node peer.js call <protos> <port>" calls every shape of a server and prints a line a check. <protos> is a folder list, colon-separated.
'use strict';

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [role, protos, port] = process.argv.slice(2);
const includeDirs = protos.split(path.delimiter);
const load = (file) => grpc.loadPackageDefinition(
  loader.loadSync(file, { includeDirs, keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }));
const echo = load('echo.proto').patron.echo.v1.EchoService;
const detail = 'why: ünï 100%\nnext';
const large = { 'grpc.max_receive_message_length': 64 << 20, 'grpc.max_send_message_length': 64 << 20 };

function serve() {
  const server = new grpc.Server(large);
  server.addService(echo.service, {
    Say(call, answer) {
      const { text, blob, wait, fail_with: code } = call.request;
      if (code) {
        const metadata = new grpc.Metadata();
        metadata.set('x-why', 'because');
        answer({ code, details: detail, metadata });
        return;
      }
      if (wait) {
        call.on('cancelled', () => console.log('cancelled'));
        return;
      }
      const seen = {};
      for (const [key, value] of Object.entries(call.metadata.getMap()))
        seen[key] = Buffer.isBuffer(value) ? value.toString('hex').toUpperCase() : value;
      const headers = new grpc.Metadata();
      headers.set('x-out', 'v!');
      call.sendMetadata(headers);
      const trailers = new grpc.Metadata();
      trailers.set('x-trail-bin', Buffer.from([9, 8, 7]));
      answer(null, { text, blob, seen }, trailers);
    },
    Count(call) {
      const { n, fail_at: failAt } = call.request;
      for (let i = 0; i < n; i++) {
        if (failAt && i === failAt) {
          call.emit('error', { code: grpc.status.DATA_LOSS, details: 'lost' });
          return;
        }
        call.write({ text: String(i) });
      }
      call.end();
    },
    Collect(call, answer) {
      let count = 0;
      let chars = 0;
      call.on('data', (request) => { count++; chars += request.text.length; });
      call.on('end', () => answer(null, { text: `${count}:${chars}` }));
    },
    Chat(call) {
      call.on('data', (request) => call.write({ text: `re:${request.text}` }));
      call.on('end', () => call.end());
    },
  });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
    if (error) throw error;
    console.log(`port ${bound}`);
  });

  // Ends with the program that started it.
  process.stdin.on('end', () => process.exit(0)).resume();
}

async function call() {
  const address = `127.0.0.1:${port}`;
  const insecure = grpc.credentials.createInsecure();
  const client = new echo(address, insecure, large);
  let passed = 0;
  let failed = 0;
  const check = (name, holds, got) => {
    holds ? passed++ : failed++;
    console.log(holds ? `ok ${name}` : `FAIL ${name}: ${got instanceof Error ? got.stack : JSON.stringify(got)}`);
  };
  const unary = (request, metadata = new grpc.Metadata(), options = {}, by = client, method = 'Say') => new Promise((resolve) => {
    const got = {};
    const done = () => { if ('error' in got && got.status) resolve(got); };
    const sent = by[method](request, metadata, options, (error, reply) => { Object.assign(got, { error, reply }); done(); });
    sent.on('metadata', (headers) => { got.headers = headers; });
    sent.on('status', (status) => { got.status = status; done(); });
  });
  const stream = (started) => new Promise((resolve) => {
    const replies = [];
    started.on('data', (reply) => replies.push(reply));
    started.on('error', (error) => resolve({ replies, error }));
    started.on('end', () => resolve({ replies }));
  });

  let got = await unary({ text: 'hé', number: 5 });
  check('unary', got.reply?.text === 'hé', got.error);

  const metadata = new grpc.Metadata();
  metadata.set('x-in', 'v');
  metadata.set('x-in-bin', Buffer.from([1, 255]));
  got = await unary({}, metadata, { deadline: Date.now() + 60_000 });
  check('metadata in', got.reply?.seen['x-in'] === 'v' && got.reply.seen['x-in-bin'] === '01FF', got);
  check('deadline known to the handler', Number(got.reply?.seen['left-ms']) > 30_000, got);
  check('headers out', got.headers?.get('x-out')[0] === 'v!', got);
  check('trailers out', got.status.metadata.get('x-trail')[0] === 't' && got.status.metadata.get('x-trail-bin')[0].equals(Buffer.from([9, 8, 7])), got);

  for (let code = 1; code <= 16; code++) {
    got = await unary({ fail_with: code });
    check(`status ${code}`, got.error?.code === code && got.error.details === detail && got.error.metadata.get('x-why')[0] === 'because', got.error);
  }
  got = await unary({ fail_with: 99 });
  check('exception is UNKNOWN', got.error?.code === grpc.status.UNKNOWN, got.error);

  got = await unary({ wait: true }, undefined, { deadline: Date.now() + 300 });
  check('deadline', got.error?.code === grpc.status.DEADLINE_EXCEEDED, got.error);

  got = await unary({ blob: Buffer.alloc(10 << 20, 7) });
  check('10 MiB both ways', got.reply?.blob.length === 10 << 20, got.error);
  got = await unary({ blob: Buffer.alloc(20 << 20, 7) });
  check('over the limit is RESOURCE_EXHAUSTED', got.error?.code === grpc.status.RESOURCE_EXHAUSTED, got.error);
  got = await unary({ text: 'on' });
  check('the connection goes on', got.reply?.text === 'on', got.error);

  const gzip = new echo(address, insecure, { 'grpc.default_compression_algorithm': 2, ...large });
  got = await unary({ blob: Buffer.alloc(1 << 20, 7) }, undefined, {}, gzip);
  check('gzip both ways', got.reply?.blob.length === 1 << 20, got.error);

  got = await stream(client.Count({ n: 1000 }));
  check('server stream', got.replies.length === 1000 && got.replies[999].text === '999', got.error);
  got = await stream(client.Count({ n: 10, fail_at: 3 }));
  check('server stream that fails', got.replies.length === 3 && got.error?.code === grpc.status.DATA_LOSS, got);
  const endless = client.Count({ n: 2_000_000_000 });
  endless.once('data', () => endless.cancel());
  got = await stream(endless);
  check('cancelled by the client', got.error?.code === grpc.status.CANCELLED, got.error);

  got = await new Promise((resolve) => {
    const sent = client.Collect((error, reply) => resolve({ error, reply }));
    for (let i = 0; i < 500; i++) sent.write({ text: 'ab' });
    sent.end();
  });
  check('client stream', got.reply?.text === '500:1000', got.error);
  got = await new Promise((resolve) => {
    const sent = client.Collect((error, reply) => resolve({ error, reply }));
    sent.write({ fail_with: 9 });
  });
  check('client stream refused while open', got.error?.code === grpc.status.FAILED_PRECONDITION, got.error);

  const chat = client.Chat();
  let turns = 0;
  chat.on('data', () => (++turns < 5 ? chat.write({ text: String(turns) }) : chat.end()));
  chat.write({ text: '0' });
  got = await stream(chat);
  check('duplex', got.replies.map((reply) => reply.text).join() === 're:0,re:1,re:2,re:3,re:4', got);

  got = await unary({}, undefined, {}, client, 'Closed');
  check('guard: UNAUTHENTICATED', got.error?.code === grpc.status.UNAUTHENTICATED, got.error);
  const key = new grpc.Metadata();
  key.set('x-api-key', 'partner');
  got = await unary({ text: 'in' }, key, {}, client, 'Closed');
  check('guard: passed', got.reply?.text === 'partner: in', got.error);

  got = await unary({}, undefined, {}, client, 'Unbound');
  check('method without a handler is UNIMPLEMENTED', got.error?.code === grpc.status.UNIMPLEMENTED, got.error);
  for (const unknown of ['/patron.echo.v1.EchoService/Nope', '/patron.nope.v1.Nope/Nope']) {
    const bytes = (value) => value;
    const method = { path: unknown, requestStream: false, responseStream: false,
      requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
    const generic = new (grpc.makeGenericClientConstructor({ Nope: method }))(address, insecure);
    got = await unary(Buffer.alloc(0), undefined, {}, generic, 'Nope');
    check(`${unknown} is UNIMPLEMENTED`, got.error?.code === grpc.status.UNIMPLEMENTED, got.error);
  }

  const health = new (load('grpc/health/v1/health.proto').grpc.health.v1.Health)(address, insecure);
  got = await unary({ service: 'patron.echo.v1.EchoService' }, undefined, {}, health, 'Check');
  check('health check', got.reply?.status === 'SERVING', got.error);
  got = await unary({ service: 'nope' }, undefined, {}, health, 'Check');
  check('health of an unknown service is NOT_FOUND', got.error?.code === grpc.status.NOT_FOUND, got.error);
  const watch = health.Watch({ service: '' });
  watch.once('data', () => watch.cancel());
  got = await stream(watch);
  check('health watch', got.replies[0]?.status === 'SERVING', got);

  const reflection = new (load('grpc/reflection/v1/reflection.proto').grpc.reflection.v1.ServerReflection)(address, insecure);
  const info = reflection.ServerReflectionInfo();
  info.write({ list_services: '' });
  info.write({ file_containing_symbol: 'patron.echo.v1.EchoService' });
  info.end();
  got = await stream(info);
  check('reflection lists services', got.replies[0]?.list_services_response.service.length === 2, got);
  check('reflection gives files', got.replies[1]?.file_descriptor_response.file_descriptor_proto.length === 2, got);

  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

if (role === 'serve') serve();
else call();
