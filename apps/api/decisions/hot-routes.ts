import type { IncomingHttpHeaders } from 'node:http';
import type { HotRoute } from '../http/hot-routes.js';
import type { Requirement } from '../http/requires.js';
import { readFilter, readQuestion, readQuestions, type DecisionsController } from './decisions.controller.js';

const requirement: Requirement = { action: 'read', resource: 'Decision' };

/** The routes of decisions, for the short way. */
export function decisionRoutes(controller: DecisionsController): readonly HotRoute[] {
  return [
    {
      path: '/v1/decisions',
      requirement,
      answer: (caller, body, headers) =>
        controller.decide(caller, readQuestion.transform(body), gpcOf(headers)),
    },
    {
      path: '/v1/decisions/batch',
      requirement,
      answer: (caller, body, headers) =>
        controller.batch(caller, readQuestions.transform(body), gpcOf(headers)),
    },
    {
      path: '/v1/decisions/filter',
      requirement,
      answer: (caller, body, headers) =>
        controller.filter(caller, readFilter.transform(body), gpcOf(headers)),
    },
  ];
}

function gpcOf(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['sec-gpc'];
  return typeof value === 'string' ? value : undefined;
}
