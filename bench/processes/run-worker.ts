import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { RunLane } from '#enforcement';
import { Log } from '#platform/telemetry';
import { createWorker } from '../../apps/worker/create-worker.js';
import { LanesProcessor } from '../../apps/worker/processors.js';
import { apiConfig } from '../api-config.js';
import { answerParent } from '../child.js';
import { workerQuestion } from '../enforcement/worker-process.js';

let worker: INestApplicationContext | undefined;

answerParent(
  async (message) => {
    const question = workerQuestion.parse(message);
    if (question.kind === 'start') {
      const { appUrl, systemUrl, queueUrl, ledgerFolder, waits } = question;
      const masterKey = Buffer.from(question.masterKey);
      const config = apiConfig({ databaseUrl: appUrl, masterKey, ledgerFolder });
      worker = await createWorker(
        { ...config, systemDatabaseUrl: systemUrl, queueDatabaseUrl: queueUrl },
        Log.to('worker', 'warn'),
      );
      if (waits) await worker.get(LanesProcessor).worker.pause();
      return {};
    }
    if (worker === undefined) throw new Error('the worker was not started');
    const runLane = worker.get(RunLane, { strict: false });
    const began = performance.now();
    const handled = await runLane.execute(question.laneId, new AbortController().signal);
    return { handled, seconds: (performance.now() - began) / 1_000 };
  },
  async () => worker?.close(),
);
