// Appends one event at a time to Emmett's event store from 32 callers, for as long as each line on standard input says.
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';

const callers = 32;
const [connectionString, text, customers] = [process.env.PEER_DATABASE, process.env.PEER_TEXT, Number(process.env.PEER_CUSTOMERS)];
const pool = new pg.Pool({ connectionString, max: callers });
const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pool } });
const streams = Array.from({ length: customers }, () => `notebook-${randomUUID()}`);
let next = 0;

await store.schema.migrate();
console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
  const [round, milliseconds] = line.split(' ');
  const begun = performance.now();
  let events = 0;
  const call = async () => {
    while (performance.now() - begun < Number(milliseconds)) {
      await store.appendToStream(streams[next++ % streams.length], [{ type: 'Noted', data: { Text: text } }]);
      events++;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  console.log(`round ${round}: ${events} ${(performance.now() - begun) / 1000}`);
}
await store.close();
await pool.end();
