// Makes tables in memory, then asks one question again and again for as long as each line on standard input says.
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(':memory:', { threads: process.env.PEER_THREADS });
const connection = await instance.connect();
await connection.run(process.env.PEER_SETUP);
const query = await connection.prepare(process.env.PEER_QUERY);
const ask = async () => (await query.runAndReadAll()).getRows()[0][0];
console.log(`ready ${await ask()}`);

for await (const line of createInterface({ input: process.stdin })) {
  const [round, milliseconds] = line.split(' ');
  const begun = performance.now();
  let asked = 0;
  do {
    await ask();
    asked++;
  } while (performance.now() - begun < Number(milliseconds));
  console.log(`round ${round}: ${asked} ${(performance.now() - begun) / 1000}`);
}
connection.closeSync();
