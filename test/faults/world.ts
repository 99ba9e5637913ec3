import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { verifyFile } from '#ledger';
import type { FaultPoint } from '#platform/faults';
import type { Facts, ReceiptDocument, SeenCheckpoint } from './checks/facts.js';
import { Events } from './host/events.js';
import { Ratings } from './host/ratings.js';
import { contentOf, type HostStore, type Signal } from './host/signal.js';
import { Vectors } from './host/vectors.js';
import { Model, type Held } from './model.js';
import { postponed, readRecords, unsettled } from './records.js';
import type { Answer, Api } from './rig/api.js';
import type { Rig } from './rig/rig.js';

export const people = Array.from({ length: 8 }, (_, index) => `canary-person-${index}`);
export const purposes = ['recommendations', 'training'] as const;
export const subjectOf = (person: string) => ({ type: 'account_id', value: person });

const policy = `
purposes:
  recommendations: { title: Recommendations, legalBasis: consent, notice: { version: v1, text: We recommend. } }
  training: { title: Training, legalBasis: consent, notice: { version: v1, text: We train. } }
retention:
  old: { match: { store: rows, dataset: ratings }, keep: P60D }
  rest: { keep: indefinitely, reason: Until the person asks for it. }
`;

/** Everything settles within this, or something is lost. */
const settleWithin = 90_000;
const lookEvery = 50;
let worlds = 0;

/** One tenant on a rig, with stores of its own: a run leaves nothing behind that the next could stumble over. */
export class World {
  readonly model = new Model();
  readonly checkpoints: SeenCheckpoint[] = [];
  /** Milliseconds by which clocks were off at most. */
  skew = 0;
  private watcher: FSWatcher | undefined;
  private readonly struckBefore = new Map(this.rig.strikes);

  private constructor(
    readonly rig: Rig,
    readonly stores: readonly HostStore[],
    readonly tenant: string,
    readonly api: Api,
    private readonly verifierKey: string,
  ) {}

  static async create(rig: Rig, withVectors: boolean): Promise<World> {
    const name = `run-${++worlds}`;
    const folder = join(rig.folder, name);
    await mkdir(folder);
    const stores: readonly HostStore[] = [
      new Ratings(rig.shop, name.replace('-', '_')),
      await Events.open(join(folder, 'lake')),
      ...(withVectors ? [await Vectors.open(join(folder, 'vectors'))] : []),
    ];
    for (const store of stores) await store.setUp();
    const answer = await rig.api().post('/v1/tenants', { slug: name, name });
    const { id, administratorKey, verifierKey } = accepted(answer, 201) as Record<string, string>;
    const world = new World(rig, stores, id!, rig.api(administratorKey), verifierKey!);
    await world.configure();
    return world;
  }

  /** Waits until the answer satisfies, or gives up. */
  readonly until = async (what: string, done: () => Promise<boolean>): Promise<void> => {
    const end = performance.now() + settleWithin;
    while (!(await done())) {
      if (performance.now() > end) throw new Error(`gave up on ${what}`);
      await pause(lookEvery);
    }
  };

  /** Whether the fault of a point has happened since the run began. */
  wasStruck(point: FaultPoint): boolean {
    return (this.rig.strikes.get(point) ?? 0) > (this.struckBefore.get(point) ?? 0);
  }

  store(dataset: string): HostStore {
    const store = this.stores.find((one) => one.dataset === dataset);
    if (store === undefined) throw new TypeError(`there is no ${dataset}`);
    return store;
  }

  /** Writes signals as the host does, and remembers that they were. */
  async write(dataset: string, signals: readonly Signal[]): Promise<void> {
    if (signals.length === 0) return;
    const from = Date.now();
    await this.store(dataset).write(signals);
    const to = Date.now();
    this.model.insertions.push(...signals.map((signal) => ({ dataset, signal, from, to })));
  }

  /** Lifts a hold: what was there when it was placed still has to be. */
  async lift(hold: Held): Promise<void> {
    for (const [dataset, there] of hold.there) {
      const left = (await this.store(dataset).read()).map(contentOf);
      for (const content of there.filter((signal) => hold.covers(dataset, signal)).map(contentOf)) {
        const index = left.indexOf(content);
        if (index >= 0) left.splice(index, 1);
        else this.model.losses.push(`P4: ${dataset} has lost ${content}, which was held`);
      }
    }
    this.model.holds = this.model.holds.filter((one) => one !== hold);
    const answer = await this.api.post(`/v1/holds/${hold.id}/lift`, { reason: 'The run lets it go' });
    // Whoever got no answer asked again.
    if (answer.status !== 409) accepted(answer, 200);
  }

  /** The quiet period of what was erased is over. */
  async readBack(): Promise<void> {
    this.model.readBacks.push(Date.now());
    await this.rig.look(
      `update obligations set read_back_due_at = now() - interval '5 min' where tenant_id = $1 and read_back_due_at > now()`,
      [this.tenant],
    );
  }

  /** The hour has come to compact what was erased from. */
  async compact(): Promise<void> {
    await this.rig.look(
      'update stores set compaction_due_at = now() where tenant_id = $1 and compaction_due_at > now()',
      [this.tenant],
    );
  }

  /** With everything whole again: whoever came back is looked for, and all work comes to its end. */
  async settle(): Promise<void> {
    this.rig.heal();
    for (const hold of this.model.holds) await this.lift(hold);
    // Placed, and never answered.
    const { body } = await this.api.get('/v1/holds?state=active');
    for (const { id } of body as { id: string }[])
      await this.api.post(`/v1/holds/${id}/lift`, { reason: 'The run lets it go' });
    await this.allSettled(() => unsettled(this.rig, this.tenant));
    for (const { dataset } of this.stores) {
      const store = dataset.split('/')[0]!;
      for (let state = 'failed'; state === 'failed';) {
        const asked = await this.askForRescan(store);
        await this.until(`the re-scan of ${store}`, async () => {
          state = ((await this.api.get(`/v1/rescans/${asked}`)).body as { state: string }).state;
          return state !== 'requested';
        });
      }
    }
    await this.allSettled(() => unsettled(this.rig, this.tenant));
    await this.allSettled(async () => {
      await this.readBack();
      await this.compact();
      return [...(await unsettled(this.rig, this.tenant)), ...(await postponed(this.rig, this.tenant))];
    });
  }

  private async allSettled(look: () => Promise<readonly string[]>): Promise<void> {
    let open: readonly string[] = [];
    const end = performance.now() + settleWithin;
    while ((open = await look()).length > 0) {
      if (performance.now() > end)
        throw new Violations([`P7: not settled in ${settleWithin / 1_000} s: ${open.join('; ')}`]);
      await pause(lookEvery);
    }
  }

  async askForRescan(store: string): Promise<string> {
    const answer = await this.api.post(`/v1/stores/${store}/rescans`, {});
    const { id } = answer.body as { id: string };
    this.model.rescans.push({ id, store, from: answer.from, to: answer.to });
    return id;
  }

  async facts(): Promise<Facts> {
    const records = await readRecords(this.rig, this.tenant);
    const present = new Map<string, readonly Signal[]>();
    for (const store of this.stores) present.set(store.dataset, await store.read());
    const receipts = new Map<string, { document: ReceiptDocument; faults: readonly string[] }>();
    for (const { id } of records.requests) {
      const { status, body } = await this.api.get(`/v1/requests/${id}/receipt`);
      if (status !== 200) continue;
      const { checks } = await verifyFile(JSON.stringify(body), this.verifierKey);
      const { document } = body as { document: ReceiptDocument };
      receipts.set(id, { document, faults: checks.filter(({ ok }) => !ok).map(({ detail }) => detail) });
    }
    this.see();
    const { model, checkpoints, skew } = this;
    const said = this.rig.said();
    return { model, records, present, checkpoints, receipts, said, skew };
  }

  async close(): Promise<void> {
    this.watcher?.close();
    for (const store of this.stores) await store.close();
  }

  private async configure(): Promise<void> {
    const map = `stores:${this.stores.map(({ dataMap }) => dataMap).join('')}`;
    accepted(await this.api.put('/v1/data-map', map), 200);
    await this.until('the check of the stores', async () => {
      const { body } = await this.api.get('/v1/stores');
      return (body as { state: string }[]).every(({ state }) => state === 'ready');
    });
    const planned = accepted(await this.api.post('/v1/policy/plans', { document: policy }), 201);
    const path = `/v1/policy/plans/${(planned as { id: string }).id}`;
    let plan = { state: 'counting', digest: '' };
    await this.until('the plan of the policy', async () => {
      plan = (await this.api.get(path)).body as typeof plan;
      return plan.state !== 'counting';
    });
    accepted(await this.api.post(`${path}/application`, { digest: plan.digest }), 200);
    for (const person of people) {
      const answer = await this.api.post('/v1/subjects', { subject: subjectOf(person) });
      const { subjectRef: ref } = accepted(answer, 201) as { subjectRef: string };
      this.model.register({ person, ref, from: answer.from, to: answer.to });
    }
    const folder = join(this.rig.folder, 'ledger', this.tenant);
    await mkdir(folder, { recursive: true });
    this.watcher = watch(folder, () => {
      this.see();
    });
  }

  /** Looks at what is published; the same seen twice counts once. */
  private see(): void {
    try {
      const note = readFileSync(join(this.rig.folder, 'ledger', this.tenant, 'checkpoint'), 'utf8');
      const [, size, root] = note.split('\n');
      const last = this.checkpoints.at(-1);
      if (last?.root !== root || last?.size !== Number(size))
        this.checkpoints.push({ size: Number(size), root: root! });
    } catch {
      // Nothing is published yet.
    }
  }
}

/** What a run has broken. */
export class Violations extends Error {
  constructor(readonly list: readonly string[]) {
    super(list.join('\n'));
  }
}

/** The body of an answer that has to be of this status. */
export function accepted({ status, body }: Answer, wanted: number): unknown {
  if (status !== wanted)
    throw new Violations([`an answer of ${status} instead of ${wanted}: ${JSON.stringify(body)}`]);
  return body;
}
