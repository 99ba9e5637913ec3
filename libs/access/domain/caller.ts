import { permittedFieldsOf, rulesToAST } from '@casl/ability/extra';
import { DomainError, type TenantId } from '#kernel';
import {
  buildAbility,
  described,
  type Ability,
  type Action,
  type Attributes,
  type Resource,
} from './abilities.js';
import { Filter } from './filter.js';
import type { Principal } from './principal.js';

/** Who asks a use case for something, and what they may do. Use cases take it first and ask it before they act. */
export class Caller {
  private readonly ability: Ability;

  constructor(readonly principal: Principal) {
    this.ability = buildAbility(principal);
  }

  /** Throws DomainError forbidden `access.denied` for an operator, who belongs to none. */
  get tenant(): TenantId {
    if (this.principal.tenant === null) throw denied('this needs a key of a tenant');
    return this.principal.tenant;
  }

  /** Whether there is anything of the kind that the caller may do this to: the question at the door. */
  mayEver(action: Action, resource: Resource): boolean {
    return this.ability.can(action, resource);
  }

  /** Throws DomainError forbidden `access.denied`, or `tenant.offboarding` when that is why. */
  mustEver(action: Action, resource: Resource): void {
    if (!this.mayEver(action, resource)) throw this.refusal();
  }

  may<R extends Resource>(action: Action, resource: R, having: Attributes[R]): boolean {
    return this.ability.can(action, described(resource, { ...having, ...this.own() }));
  }

  /** Throws as `mustEver` does. An attribute that a condition asks for and that is not given denies. */
  must<R extends Resource>(action: Action, resource: R, having: Attributes[R]): void {
    if (!this.may(action, resource, having)) throw this.refusal();
  }

  /** Which rows of the kind the caller may do this to, for statements. */
  filter(action: Action, resource: Resource): Filter {
    return new Filter(rulesToAST(this.ability, action, resource));
  }

  /** The members of an answer that the caller may see; of an auditor's, those that tell of nobody. */
  pick<T extends object>(resource: Resource, answer: T): Partial<T> {
    const fields = new Set(
      permittedFieldsOf(this.ability, 'read', resource, {
        fieldsFrom: (rule) => rule.fields ?? Object.keys(answer),
      }),
    );
    const picked: Partial<T> = {};
    for (const name in answer) if (fields.has(name)) picked[name] = answer[name];
    return picked;
  }

  private own(): { readonly tenant?: TenantId; readonly actor: string } {
    const { tenant, actor } = this.principal;
    return tenant === null ? { actor } : { tenant, actor };
  }

  private refusal(): DomainError {
    const { tenant, tenantState, roles } = this.principal;
    if (tenant !== null && tenantState !== 'active') {
      return new DomainError(
        'forbidden',
        'tenant.offboarding',
        'the tenant is leaving: it can be read and ended, not changed',
      );
    }
    return denied(`${roles.join(', ')} may not do this`);
  }
}

function denied(message: string): DomainError {
  return new DomainError('forbidden', 'access.denied', message);
}
