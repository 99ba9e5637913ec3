import { Injectable } from '@nestjs/common';
import type { CallOptions, SubjectResult } from '#connector-kit';
import type { DependencyCode } from '#kernel';
import { OpenStore } from '#stores';
import { codeOf, firstFailure, groups, sum, type Group } from '../act.js';
import { rounds } from '../domain/read-back.js';
import type { SoughtWork } from './take-read-backs.js';

/** What was found of one obligation. */
export interface FoundAgain {
  readonly sought: SoughtWork;
  readonly rows: number;
  readonly failure?: DependencyCode;
}

/** Reads back and touches nothing, holding no transaction: one set-based call for each dataset. */
@Injectable()
export class LookAgain {
  constructor(private readonly openStore: OpenStore) {}

  /** Never rejects for a store's failure: that is a finding. */
  async execute(sought: readonly SoughtWork[], signal: AbortSignal): Promise<readonly FoundAgain[]> {
    const byId = new Map(sought.map((one) => [one.obligation.id, one]));
    const found: FoundAgain[] = [];
    for (const group of groups(sought)) {
      const members = group.members.flatMap(({ id }) => byId.get(id) ?? []);
      found.push(...(await this.look(group, members, signal)));
    }
    return found;
  }

  private async look(
    group: Group,
    members: readonly SoughtWork[],
    signal: AbortSignal,
  ): Promise<readonly FoundAgain[]> {
    try {
      const answers = await this.ask(group, members, signal);
      return members.map((one) => {
        const keys = one.keys.map((subject) => answerKey(one.obligation.asOf, subject));
        const failure = firstFailure(keys.map((key) => answers.get(key)));
        const evidence = { sought: one, rows: sum(keys, answers) };
        return failure === undefined ? evidence : { ...evidence, failure };
      });
    } catch (error) {
      const failure = codeOf(error, signal);
      return members.map((one) => ({ sought: one, rows: 0, failure }));
    }
  }

  private async ask(
    { store, dataset, onlyPurposes }: Group,
    members: readonly SoughtWork[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, SubjectResult>> {
    const answers = new Map<string, SubjectResult>();
    const [first] = members;
    if (first === undefined) return answers;
    const connector = await this.openStore.execute(first.obligation.tenant, store);
    const options: CallOptions = { signal, ...(onlyPurposes === undefined ? {} : { onlyPurposes }) };
    const people = members.flatMap(({ keys, obligation: { asOf } }) =>
      keys.map((subject) => ({ subject, asOf })),
    );
    for (const round of rounds(people)) {
      const moments = new Map(round.map(({ subject, asOf }) => [subject, asOf]));
      for (const result of await connector.verify(dataset, round, options)) {
        const asOf = moments.get(result.subject);
        if (asOf !== undefined) answers.set(answerKey(asOf, result.subject), result);
      }
    }
    return answers;
  }
}

function answerKey(asOf: Date, subject: string): string {
  return `${asOf.getTime()} ${subject}`;
}
