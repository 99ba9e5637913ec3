import { Injectable } from '@nestjs/common';
import type { TenantId } from '#kernel';
import { PreparedStatements } from '#platform/database';

/** What a person said, by purpose, as far as replicas need it. */
export interface ReplicatedState {
  readonly purpose: string;
  readonly action: string;
  readonly expiresAt: Date | null;
  readonly noticeVersion: string | null;
}

/** One identifier of a person, by its keyed hash (8 bytes). */
export interface ReplicatedPerson {
  readonly hash: Buffer;
  readonly known: boolean;
  readonly suppressed: boolean;
  readonly states: readonly ReplicatedState[];
}

/** How a tenant's log and policy stand. */
export interface ReplicaHead {
  readonly revision: number;
  readonly epoch: number;
  readonly policyVersion: number | undefined;
}

/** A place in the order of (type, hash). */
export interface ReplicaPlace {
  readonly type: string;
  readonly hash: Buffer;
}

interface PersonRow {
  readonly replica_hash: Buffer | null;
  readonly known: boolean;
  readonly suppressed: boolean;
  readonly purposes: readonly string[] | null;
  readonly actions: readonly string[] | null;
  readonly expires_at: readonly (Date | null)[] | null;
  readonly notice_versions: readonly (string | null)[] | null;
}

interface PageRow extends PersonRow {
  readonly type: string;
  readonly hash: Buffer;
}

interface ChangeRow extends PersonRow {
  readonly revision: string;
  readonly epoch: number;
  readonly policy_version: number | null;
}

const page = { name: 'consent.replica_page', text: 'select * from replica_page($1, $2, $3, $4, $5)' };
const changes = { name: 'consent.replica_changes', text: 'select * from replica_changes($1, $2, $3, $4)' };

/** The reads that feed replicas of the decision state: each one round trip and one snapshot. */
@Injectable()
export class ReplicaRepository {
  constructor(private readonly prepared: PreparedStatements) {}

  /** The people after a place, and where the next page begins; undefined when there is none. */
  async page(
    tenant: TenantId,
    from: 'subjects' | 'suppressions',
    after: ReplicaPlace,
    most: number,
  ): Promise<{ readonly people: readonly ReplicatedPerson[]; readonly next: ReplicaPlace | undefined }> {
    const values = [tenant, from === 'suppressions', after.type, after.hash, most];
    const rows = await this.prepared.rows<PageRow>(page, values);
    const last = rows.length < most ? undefined : rows.at(-1);
    return { people: rows.flatMap(personOf), next: last && { type: last.type, hash: last.hash } };
  }

  /** The head of the log, and whom the entries since a revision are about; nobody when there are more entries than `most`. */
  async changes(
    tenant: TenantId,
    since: number,
    at: Date,
    most: number,
  ): Promise<{ readonly head: ReplicaHead; readonly people: readonly ReplicatedPerson[] } | undefined> {
    const rows = await this.prepared.rows<ChangeRow>(changes, [tenant, since, at, most]);
    const [first] = rows;
    if (first === undefined) return undefined;
    const { revision, epoch, policy_version: version } = first;
    const head = { revision: Number(revision), epoch, policyVersion: version ?? undefined };
    return { head, people: rows.flatMap(personOf) };
  }
}

function personOf(row: PersonRow): readonly ReplicatedPerson[] {
  if (row.replica_hash === null) return [];
  const { known, suppressed } = row;
  const states = (row.purposes ?? []).map((purpose, index) => ({
    purpose,
    action: row.actions?.[index] ?? '',
    expiresAt: row.expires_at?.[index] ?? null,
    noticeVersion: row.notice_versions?.[index] ?? null,
  }));
  return [{ hash: row.replica_hash, known, suppressed, states }];
}
