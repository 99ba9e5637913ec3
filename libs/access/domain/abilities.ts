import {
  createMongoAbility,
  subject,
  type ForcedSubject,
  type MongoAbility,
  type MongoQuery,
  type RawRuleOf,
} from '@casl/ability';
import type { Principal } from './principal.js';
import type { Role } from './roles.js';

export type Action = 'create' | 'read' | 'update' | 'delete';

/** What a use case acts on, and by which of its attributes an ability can be narrowed. */
export interface Attributes {
  readonly Tenant: object;
  readonly Key: object;
  readonly Issuer: object;
  readonly BreakGlass: object;
  readonly Policy: object;
  readonly Hold: object;
  readonly Store: { readonly store: string; readonly region: string };
  readonly Subject: About;
  readonly Consent: About & { readonly purpose: string };
  /** Everybody's consents, as a file to import or to take away. */
  readonly ConsentFile: object;
  readonly Decision: About & { readonly purpose: string };
  /** What in-process clients decide from: everybody's consents, so nobody who is kept to some purposes has it. */
  readonly Replica: object;
  readonly Signal: About;
  readonly Disclosure: About;
  readonly Request: About;
  /** What a deletion would do. It tells of nobody by name, and of those whom its maker named. */
  readonly Preview: object;
  readonly Obligation: About & { readonly store: string; readonly region: string };
  readonly Sweep: { readonly store: string };
  readonly Ledger: object;
}

/** Whom a resource is about: by identifier before the subject is looked up, by pseudonym afterwards. */
interface About {
  readonly identifier?: string;
  readonly subjectRef?: string;
}

export type Resource = keyof Attributes;
export type Ability = MongoAbility<[Action, Resource | ForcedSubject<Resource>]>;

interface Rule {
  readonly can: readonly Action[];
  readonly on: readonly Resource[];
  /** Only these members of an answer; all of them when not given. */
  readonly fields?: readonly string[];
  /** Only what the principal made itself. */
  readonly own?: true;
}

/** What a scope narrows. */
const attributes = ['purpose', 'store', 'region'] as const;

const narrowable: Readonly<Partial<Record<Resource, readonly (typeof attributes)[number][]>>> = {
  Store: ['store', 'region'],
  Consent: ['purpose'],
  Decision: ['purpose'],
  Obligation: ['store', 'region'],
  Sweep: ['store'],
};

/** What concerns people, whom an auditor does not see: outcomes, no identifiers. */
const outcomes: readonly Rule[] = [
  {
    can: ['read'],
    on: ['Request'],
    fields: ['id', 'batchId', 'kind', 'state', 'asOf', 'deadline', 'policyVersion', 'settledAt'],
  },
  {
    can: ['read'],
    on: ['Obligation'],
    fields: [
      'id',
      'storeId',
      'dataset',
      'causeKind',
      'causeId',
      'cutOff',
      'asOf',
      'deadline',
      'policyVersion',
      'attempts',
      'rows',
      'exact',
      'error',
      'outcome',
      'basis',
      'holdId',
      'retainedUntil',
      'succeeds',
      'level',
      'plannedAt',
      'settledAt',
      'retriedAt',
      'closedAt',
      'closedBy',
      'closeReason',
      'readBackDueAt',
      'readBack',
      'readBackAt',
    ],
  },
  {
    can: ['read'],
    on: ['Hold'],
    fields: [
      'id',
      'state',
      'basis',
      'matter',
      'reason',
      'subjects',
      'scope',
      'placedBy',
      'since',
      'until',
      'liftedBy',
      'liftedAt',
      'liftReason',
    ],
  },
  { can: ['read'], on: ['Disclosure'], fields: ['id', 'actor', 'reason', 'disclosedAt', 'expiresAt'] },
];

/** What a tenant's privacy officer does; an administrator does the same and keeps the keys. */
const office: readonly Rule[] = [
  {
    can: ['read'],
    on: [
      'Tenant',
      'BreakGlass',
      'Policy',
      'Hold',
      'Store',
      'Subject',
      'Consent',
      'ConsentFile',
      'Decision',
      'Signal',
      'Disclosure',
      'Request',
      'Preview',
      'Obligation',
      'Sweep',
      'Ledger',
    ],
  },
  { can: ['update'], on: ['Policy', 'Hold', 'Store', 'Subject', 'Obligation'] },
  { can: ['create'], on: ['Hold', 'Subject', 'Consent', 'ConsentFile', 'Request', 'Sweep'] },
];

/** The one table of rules: what each role may do in its own tenant. What is not here is denied. */
const rules: Readonly<Record<Role, readonly Rule[]>> = {
  operator: [
    { can: ['create'], on: ['Tenant'] },
    { can: ['create', 'update', 'delete'], on: ['BreakGlass'] },
  ],
  administrator: [
    ...office,
    { can: ['create', 'read', 'update', 'delete'], on: ['Key', 'Issuer'] },
    { can: ['delete'], on: ['BreakGlass', 'Tenant'] },
  ],
  privacy_officer: office,
  auditor: [
    { can: ['read'], on: ['Tenant', 'BreakGlass', 'Policy', 'Store', 'Sweep', 'Ledger'] },
    ...outcomes,
  ],
  // Sees nobody until it has stated a reason; then that one person, for a while.
  support: [
    { can: ['create'], on: ['Disclosure'] },
    { can: ['read'], on: ['Subject', 'Consent', 'Request', 'Disclosure'] },
  ],
  service: [
    { can: ['read'], on: ['Decision', 'Replica', 'Signal', 'Request', 'Ledger'] },
    { can: ['create'], on: ['Subject', 'Consent', 'ConsentFile', 'Request'] },
    { can: ['update'], on: ['Subject'] },
    { can: ['read'], on: ['Preview'], own: true },
  ],
  personalisation: [{ can: ['read'], on: ['Decision', 'Replica'] }],
  ingest: [
    { can: ['read'], on: ['Signal'] },
    { can: ['create'], on: ['Subject'] },
  ],
  store_agent: [{ can: ['read'], on: ['Store', 'Obligation'] }],
  person: [
    { can: ['create'], on: ['Subject', 'Consent', 'Request'] },
    { can: ['read'], on: ['Subject', 'Consent', 'Decision', 'Request'] },
    { can: ['read'], on: ['Preview'], own: true },
  ],
};

/** A tenant that is leaving changes nothing any more; its administrator takes the export, ends it, and ends what operators may do. */
const leaving: Readonly<Partial<Record<Role, readonly Rule[]>>> = {
  administrator: [
    {
      can: ['read'],
      on: ['Tenant', 'Key', 'BreakGlass', 'Policy', 'Hold', 'Store', 'Request', 'Obligation', 'Ledger'],
    },
    { can: ['delete'], on: ['BreakGlass', 'Tenant'] },
  ],
  auditor: [{ can: ['read'], on: ['Tenant', 'BreakGlass', 'Policy', 'Ledger'] }, ...outcomes],
};

/** Everything a principal may do: its roles' rules, narrowed to its tenant, its person and its scope. */
export function buildAbility(principal: Principal): Ability {
  const table = principal.tenantState === 'active' ? rules : leaving;
  return createMongoAbility<Ability>(
    principal.roles.flatMap((role) =>
      (table[role] ?? []).flatMap((rule) => rule.on.flatMap((on) => rulesFor(principal, role, rule, on))),
    ),
  );
}

function rulesFor(principal: Principal, role: Role, rule: Rule, resource: Resource): RawRuleOf<Ability>[] {
  const own = rule.own === true ? { actor: principal.actor } : undefined;
  return conditionsOf(principal, role, resource, own).map((conditions) => ({
    action: [...rule.can],
    subject: resource,
    conditions,
    ...(rule.fields === undefined ? {} : { fields: [...rule.fields] }),
  }));
}

type Condition = MongoQuery;

/** Alternatives: any one of them suffices. None: the role never reaches the resource. */
function conditionsOf(
  principal: Principal,
  role: Role,
  resource: Resource,
  own: Condition | undefined,
): readonly Condition[] {
  const tenant = principal.tenant === null ? {} : { tenant: principal.tenant };
  if (role === 'person' && own !== undefined) return principal.person === null ? [] : [{ ...tenant, ...own }];
  if (role === 'person') return person(principal).map((condition) => ({ ...tenant, ...condition }));
  if (role === 'support' && resource !== 'Disclosure')
    return [{ ...tenant, subjectRef: { $in: [...principal.disclosed] } }];
  if (role === 'support') return [{ ...tenant, actor: principal.actor }];
  const scope = scopeOf(principal, resource);
  return scope === undefined ? [] : [{ ...tenant, ...scope, ...own }];
}

function person({ person: own }: Principal): readonly Condition[] {
  if (own === null) return [];
  const byIdentifier = { identifier: own.identifier };
  return own.subjectRef === null ? [byIdentifier] : [byIdentifier, { subjectRef: own.subjectRef }];
}

/** A resource is narrowed by every part of the scope that it has; one that has none of them is out of reach. */
function scopeOf({ scope }: Principal, resource: Resource): Condition | undefined {
  const parts = { purpose: scope.purposes, store: scope.stores, region: scope.regions };
  const given = attributes.filter((attribute) => parts[attribute] !== undefined);
  const narrowed = given.filter((attribute) => narrowable[resource]?.includes(attribute));
  if (given.length > 0 && narrowed.length === 0) return undefined;
  return Object.fromEntries(narrowed.map((attribute) => [attribute, { $in: [...(parts[attribute] ?? [])] }]));
}

/** A resource with its attributes, for CASL, which marks the object: so it gets a copy. */
export function described(resource: Resource, having: object): ForcedSubject<Resource> {
  return subject(resource, { ...having });
}
