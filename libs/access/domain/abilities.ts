import { AbilityBuilder, createMongoAbility, type MongoAbility } from '@casl/ability';
import type { TenantId } from '#kernel';

/** Who a key may speak for. The operator runs the installation and sees no tenant's data. */
export const roles = ['operator', 'administrator', 'privacy_officer', 'auditor', 'service'] as const;
export type Role = (typeof roles)[number];

export type Action = 'create' | 'read' | 'update' | 'delete';

/** What a route acts on. */
export type Resource =
  | 'Tenant'
  | 'Key'
  | 'Policy'
  | 'Store'
  | 'Consent'
  | 'Decision'
  | 'Signal'
  | 'Request'
  | 'Obligation'
  | 'Sweep'
  | 'Ledger';

export type Ability = MongoAbility<[Action, Resource]>;

/** Who is asking, as authentication found out. Every principal but the operator belongs to one tenant. */
export type Principal =
  | { readonly role: 'operator'; readonly keyId: string; readonly tenant: null }
  | { readonly role: Exclude<Role, 'operator'>; readonly keyId: string; readonly tenant: TenantId };

type Rule = readonly [readonly Action[], readonly Resource[]];

/** What a tenant's privacy officer does; an administrator does the same and keeps the keys. */
const office: readonly Rule[] = [
  [
    ['read'],
    [
      'Tenant',
      'Policy',
      'Store',
      'Consent',
      'Decision',
      'Signal',
      'Request',
      'Obligation',
      'Sweep',
      'Ledger',
    ],
  ],
  [['update'], ['Policy', 'Store']],
  [['create'], ['Consent', 'Request', 'Sweep']],
];

/** The one table of rules: what each role may do in its own tenant. What is not here is denied. */
const rules: Readonly<Record<Role, readonly Rule[]>> = {
  operator: [[['create'], ['Tenant']]],
  administrator: [...office, [['create', 'read', 'delete'], ['Key']]],
  privacy_officer: office,
  auditor: [[['read'], ['Tenant', 'Policy', 'Store', 'Request', 'Obligation', 'Sweep', 'Ledger']]],
  service: [
    [['read'], ['Decision', 'Signal', 'Request', 'Ledger']],
    [['create'], ['Consent', 'Request']],
  ],
};

const abilities = new Map(roles.map((role) => [role, buildAbility(role)]));

/** The abilities of a role, built once. */
export function abilityOf(role: Role): Ability {
  return abilities.get(role) ?? createMongoAbility([]);
}

function buildAbility(role: Role): Ability {
  const { can, build } = new AbilityBuilder<Ability>(createMongoAbility);
  for (const [actions, resources] of rules[role]) can([...actions], [...resources]);
  return build();
}
