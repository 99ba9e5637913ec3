import { SetMetadata } from '@nestjs/common';
import type { Action, Resource } from '#access';

/** What a route demands of whoever calls it. */
export interface Requirement {
  readonly action: Action;
  readonly resource: Resource;
}

export const REQUIREMENT = 'lethe:requirement';
export const PUBLIC = 'lethe:public';

/** Declares the ability that a route needs; a route that declares neither this nor Public does not start. */
export const Requires = (action: Action, resource: Resource) =>
  SetMetadata<string, Requirement>(REQUIREMENT, { action, resource });

/** Declares a route that anyone may call: it shows nothing of a person and nothing of a tenant but its public log. */
export const Public = () => SetMetadata(PUBLIC, true);
