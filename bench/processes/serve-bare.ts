import { createServer } from 'node:http';
import { z } from 'zod';
import { answerParent } from '../child.js';

/** As long as an answer of the API. */
const constant = Buffer.from(
  JSON.stringify({
    effect: 'allow',
    reason: 'consent.given',
    sentence: 'The person consented.',
    basisRecord: {
      legalBasis: 'consent',
      purpose: 'purpose-1',
      event: 1,
      noticeVersion: null,
      since: '2026-01-01T00:00:00.000Z',
      expiresAt: '2027-01-01T00:00:00.000Z',
    },
    conditions: { leaveOut: [], maximumAge: null },
    policyVersion: 1,
    revision: '1.1',
  }),
);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    Buffer.concat(chunks);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': constant.length });
    response.end(constant);
  });
});

answerParent(
  async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: z.object({ port: z.number() }).parse(server.address()).port };
  },
  async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
);
