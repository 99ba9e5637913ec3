import { answerParent } from '../child.js';
import { closedLoop, openLoop, type ReadyRequest } from '../load/loops.js';
import { loadQuestion, type LoadQuestion } from '../load/questions.js';

let ready: readonly ReadyRequest[] = [];

answerParent(
  async (message) => {
    const question = loadQuestion.parse(message);
    switch (question.kind) {
      case 'prepare':
        ready = prepare(question);
        return { ready: ready.length };
      case 'closed':
        return closedLoop(ready, question);
      case 'open':
        return openLoop(ready, question);
    }
  },
  () => Promise.resolve(),
);

function prepare({
  method,
  path,
  authorization,
  requests,
}: Extract<LoadQuestion, { kind: 'prepare' }>): readonly ReadyRequest[] {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: ${authorization}`,
    'content-type: application/json',
  ];
  return requests.map(({ body, expected }) => ({
    bytes: Buffer.from([...head, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')),
    expected: Buffer.from(expected),
  }));
}
