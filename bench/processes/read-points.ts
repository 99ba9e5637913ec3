import { Client } from 'pg';
import { answerParent } from '../child.js';
import { readerQuestion } from '../enforcement/reader-process.js';
import { randomFrom } from '../random.js';

const random = randomFrom(20_260_105);
const statement = { name: 'point', text: 'select person, page, at from host.events where id = $1' };

let clients: readonly Client[] = [];
let rows = 0;

answerParent(
  async (message) => {
    const question = readerQuestion.parse(message);
    if (question.kind === 'read') return read(question.seconds);
    rows = question.rows;
    clients = Array.from(
      { length: question.connections },
      () => new Client({ connectionString: question.url }),
    );
    await Promise.all(clients.map((client) => client.connect()));
    return {};
  },
  async () => {
    await Promise.all(clients.map((client) => client.end()));
  },
);

async function read(seconds: number) {
  const milliseconds: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1_000;
  const loop = async (client: Client) => {
    let now = performance.now();
    while (now < end) {
      const sent = now;
      await client.query(statement, [Math.floor(random() * rows)]);
      now = performance.now();
      milliseconds.push(now - sent);
    }
  };
  await Promise.all(clients.map(loop));
  const took = (performance.now() - began) / 1_000;
  const sorted = milliseconds.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { perSecond: sorted.length / took, p50: at(0.5), p99: at(0.99) };
}
