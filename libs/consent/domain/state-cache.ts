import type { SubjectRef } from '#kernel';
import type { PersonState } from '../decisions.repository.js';

/** How a tenant's log and policy stood when it was last asked. */
export interface Head {
  readonly revision: number;
  readonly epoch: number;
  readonly policyVersion: number | undefined;
}

type Known = Pick<PersonState, 'suppressed' | 'consents'> & { readonly subjectRef: SubjectRef };

/** The people of one tenant as they stand at one moment of asking. */
export interface KnownPeople {
  readonly policyVersion: number | undefined;
  find(spelling: string): PersonState | undefined;
}

/**
 * The people of one tenant that were asked about lately, as of its head: every change up to the head's revision has taken
 * out those whom it is about. Bounded in memory by two generations: who is asked about moves to the young one; when that is
 * full it becomes the old one, and the old one goes. Times are milliseconds on the monotonic clock.
 */
export class StateCache {
  private young = new Map<string, Known>();
  private old = new Map<string, Known>();
  /** Where each cached person is, to find whom a change is about. */
  private readonly spellings = new Map<string, readonly string[]>();
  private head: Head | undefined;
  /** The head is at least as new as this moment: when it was asked for. */
  private confirmedAt = Number.NEGATIVE_INFINITY;
  /** What this process has committed itself; nothing older may come in any more. */
  private ownRevision = 0;

  constructor(private readonly most: number) {}

  /** The people as of a head that is no older than `since`, and knows of `atLeast`; undefined when such a one is not known here. */
  asOf(since: number, atLeast: number): KnownPeople | undefined {
    const { head } = this;
    if (head === undefined || this.confirmedAt < since || head.revision < atLeast) return undefined;
    return { policyVersion: head.policyVersion, find: (spelling) => this.find(spelling, head) };
  }

  /** Takes in what was read; refuses what is older than what is known. Nobody unknown is kept. */
  put(spelling: string, state: PersonState, askedAt: number): void {
    const { revision, epoch, policyVersion, subjectRef, suppressed, consents } = state;
    if (revision < this.ownRevision) return;
    if (this.head === undefined) this.confirm({ revision, epoch, policyVersion }, askedAt);
    if (subjectRef === undefined || epoch !== this.head?.epoch || revision < this.head.revision) return;
    if (this.young.size >= this.most / 2) this.age();
    // In one generation only, so that who leaves the old one is nowhere.
    this.old.delete(spelling);
    this.young.set(spelling, { subjectRef, suppressed, consents });
    const places = this.spellings.get(subjectRef) ?? [];
    if (!places.includes(spelling)) this.spellings.set(subjectRef, [...places, spelling]);
  }

  /** The head moves on, and whom the changes are about goes; all of them where that is not told. */
  advance(head: Head, subjectRefs: readonly string[] | undefined, askedAt: number): void {
    if (this.head !== undefined && (head.epoch !== this.head.epoch || subjectRefs === undefined))
      this.forget();
    // An answer that was overtaken says nothing new.
    if (head.revision < this.ownRevision) return;
    if (this.head !== undefined && head.epoch === this.head.epoch && head.revision < this.head.revision)
      return;
    for (const ref of subjectRefs ?? []) this.drop(ref);
    this.confirm(head, askedAt);
  }

  /** This process has changed something itself: whoever it is about is read anew, and whoever asks knows of it. */
  changed(revision: number, refs: readonly (string | null)[], changesAll: boolean): void {
    this.ownRevision = Math.max(this.ownRevision, revision);
    for (const ref of refs) if (ref !== null) this.drop(ref);
    if (changesAll) this.confirmedAt = Number.NEGATIVE_INFINITY;
  }

  get revision(): number {
    return this.head?.revision ?? 0;
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  private confirm(head: Head, askedAt: number): void {
    this.head = head;
    this.confirmedAt = Math.max(this.confirmedAt, askedAt);
  }

  private find(spelling: string, { revision, epoch, policyVersion }: Head): PersonState | undefined {
    const known = this.young.get(spelling) ?? this.rejuvenate(spelling);
    if (known === undefined) return undefined;
    const { subjectRef, suppressed, consents } = known;
    return { revision, epoch, policyVersion, subjectRef, suppressed, consents };
  }

  private rejuvenate(spelling: string): Known | undefined {
    const known = this.old.get(spelling);
    if (known === undefined) return undefined;
    this.old.delete(spelling);
    this.young.set(spelling, known);
    return known;
  }

  private age(): void {
    for (const [spelling, { subjectRef }] of this.old) this.unplace(subjectRef, spelling);
    this.old = this.young;
    this.young = new Map();
  }

  private drop(ref: string): void {
    for (const spelling of this.spellings.get(ref) ?? []) {
      this.young.delete(spelling);
      this.old.delete(spelling);
    }
    this.spellings.delete(ref);
  }

  private unplace(ref: string, spelling: string): void {
    const places = (this.spellings.get(ref) ?? []).filter((place) => place !== spelling);
    if (places.length === 0) this.spellings.delete(ref);
    else this.spellings.set(ref, places);
  }

  private forget(): void {
    this.young.clear();
    this.old.clear();
    this.spellings.clear();
  }
}
