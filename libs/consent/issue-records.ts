import { createPrivateKey } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import type { ConsentState } from '#decisions';
import type { Clock, IdSource, JsonObject, SubjectRef, TenantId } from '#kernel';
import { KeyedHash } from '#platform/crypto';
import { Transactions } from '#platform/database';
import { CLOCK, IDS } from '#platform/runtime';
import { ReadPolicy, type AppliedPolicy, type Purpose } from '#policy';
import { namedSubject, ResolveSubjects, unknownSubject } from '#subjects';
import { ConsentRepository } from './consent.repository.js';
import type { HistoricConsent } from './domain/consent.js';
import { HistoryRepository } from './history.repository.js';
import { reachesConsents } from './read-consents.js';
import type {
  ConsentRecordInput,
  RecordedNotice,
  RecordedPurpose,
  RecordResult,
} from './records/consent-record.js';
import { iso27560Record } from './records/iso-27560.js';
import { kantaraReceipt } from './records/kantara.js';
import { publicJwk, signRecord, type RecordKey } from './records/sign-record.js';

/** A document with its signature, or what it lacks. */
export type IssuedRecord =
  { readonly document: JsonObject; readonly jws: string } | { readonly missing: readonly string[] };

export interface IssuedRecords {
  /** ISO/IEC TS 27560:2023, JSON-LD. */
  readonly record: IssuedRecord;
  /** Kantara Consent Receipt 1.1. */
  readonly receipt: IssuedRecord;
}

const schemaVersion = '1';
const pageSize = 1_000;
/** What PKCS #8 puts before the 32 bytes of an Ed25519 key (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The keys that consent records are signed with: one for each tenant, made from the master key, so that none is stored. */
@Injectable()
export class RecordKeys {
  constructor(private readonly hash: KeyedHash) {}

  of(tenant: TenantId): RecordKey {
    const seed = this.hash.of(tenant, 'consent-records');
    const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
    return { kid: this.hash.of(tenant, 'consent-records', 'kid').toString('hex').slice(0, 16), privateKey };
  }

  /** A JSON Web Key Set (RFC 7517). */
  published(tenant: TenantId) {
    return { keys: [publicJwk(this.of(tenant))] };
  }
}

/** Everything that the records of one person are made of, read in one transaction. */
@Injectable()
export class GatherRecords {
  constructor(
    private readonly repository: ConsentRepository,
    private readonly history: HistoryRepository,
    private readonly readPolicy: ReadPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Of the purposes that the caller may see and the person was asked about. */
  async execute(
    tx: EntityManager,
    caller: Caller,
    ref: SubjectRef,
    where: { readonly language: string; readonly jurisdiction: string },
  ): Promise<ConsentRecordInput> {
    const { tenant } = caller;
    const policy = await this.readPolicy.current(tx, tenant);
    const states =
      (await this.repository.states(tx, tenant, [ref])).get(ref) ?? new Map<string, ConsentState>();
    const events = await this.events(tx, caller, ref);
    const purposes: RecordedPurpose[] = [];
    for (const [name, purpose] of Object.entries(policy.policy.purposes)) {
      const state = states.get(name);
      if (state === undefined || !caller.may('read', 'Consent', { subjectRef: ref, purpose: name })) continue;
      const notice = await this.notice(
        tx,
        tenant,
        { name, purpose, version: state.noticeVersion ?? '' },
        where.language,
      );
      purposes.push(recorded(name, purpose, notice, state, events));
    }
    return { ...this.about(policy), ...where, recordId: this.ids.random(), subject: ref, purposes };
  }

  private about({ policy }: AppliedPolicy) {
    const [service] = Object.values(policy.services);
    return {
      schemaVersion,
      issuedAt: this.clock.now(),
      controllers: Object.values(policy.controllers),
      service: service?.title ?? '',
      policyUrl: service?.policyUrl ?? '',
      collectionMethod: service?.collectionMethod ?? '',
    };
  }

  private async events(
    tx: EntityManager,
    caller: Caller,
    ref: SubjectRef,
  ): Promise<readonly HistoricConsent[]> {
    const all: HistoricConsent[] = [];
    const visible = caller.filter('read', 'Consent');
    for (;;) {
      const before = all.at(-1)?.number;
      const page = await this.history.page(tx, caller.tenant, ref, visible, { limit: pageSize, before });
      all.push(...page);
      if (page.length < pageSize) return all;
    }
  }

  /** The notice that the person answered to, in their language where it had a text in it. */
  private async notice(
    tx: EntityManager,
    tenant: TenantId,
    {
      name,
      purpose,
      version,
    }: { readonly name: string; readonly purpose: Purpose; readonly version: string },
    language: string,
  ): Promise<RecordedNotice> {
    const notice =
      purpose.notice?.version === version
        ? purpose.notice
        : await this.readPolicy.notice(tx, tenant, name, version);
    if (notice === undefined) return { version, language: '', text: '' };
    const text = Object.hasOwn(notice.translations, language) ? notice.translations[language] : undefined;
    return text === undefined
      ? { version, language: notice.language, text: notice.text }
      : { version, language, text };
  }
}

/** Issues the records of a person's consents: for auditors, and for the person to keep. */
@Injectable()
export class IssueRecords {
  constructor(
    private readonly transactions: Transactions,
    private readonly resolve: ResolveSubjects,
    private readonly gather: GatherRecords,
    private readonly keys: RecordKeys,
  ) {}

  /** Throws DomainError not_found `subject.unknown`, as ReadConsents does. */
  async execute(
    caller: Caller,
    named: string,
    where: { readonly language: string; readonly jurisdiction?: string | undefined },
  ): Promise<IssuedRecords> {
    const { tenant } = caller;
    const ref = namedSubject(caller, named);
    if (ref === undefined || !reachesConsents(caller, ref)) throw unknownSubject();
    const input = await this.transactions.run(tenant, async (tx) => {
      const standing = await this.resolve.standing(tx, tenant, ref);
      if (standing === undefined) throw unknownSubject();
      const jurisdiction = where.jurisdiction ?? standing.jurisdiction ?? '';
      return this.gather.execute(tx, caller, ref, { language: where.language, jurisdiction });
    });
    const key = this.keys.of(tenant);
    return {
      record: await signed(iso27560Record(input), key),
      receipt: await signed(kantaraReceipt(input), key),
    };
  }
}

async function signed(result: RecordResult, key: RecordKey): Promise<IssuedRecord> {
  if ('missing' in result) return result;
  return { document: result.document, jws: await signRecord(result.document, key) };
}

/** What a policy that says nothing of records says: everything that they demand is missing. */
const unsaid = { category: '', data: [], storedIn: [], withdrawal: { text: '' } };

function recorded(
  name: string,
  { title, description, legalBasis, record }: Purpose,
  notice: RecordedNotice,
  state: ConsentState,
  events: readonly HistoricConsent[],
): RecordedPurpose {
  const { category, data, storedIn, withdrawal = unsaid.withdrawal } = record ?? unsaid;
  return {
    name,
    title,
    description,
    category,
    legalBasis,
    notice,
    personalData: data,
    storageLocations: storedIn,
    retention: record?.keptFor,
    recipients: record?.recipients,
    withdrawal,
    primary: record?.primary,
    events: events.filter(({ purpose }) => purpose === name),
    decidedBy: state.number,
  };
}
