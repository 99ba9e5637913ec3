/**
 * What somebody is, in Lethe or in a tenant. The operator runs the installation and sees no tenant's data; a person is
 * one subject, by a token that the host signed; the others belong to a tenant.
 */
export const roles = [
  'operator',
  'administrator',
  'privacy_officer',
  'auditor',
  'support',
  'service',
  'personalisation',
  'ingest',
  'store_agent',
  'person',
] as const;
export type Role = (typeof roles)[number];

/** The roles that a tenant's administrator can give a key. */
export const keyRoles = [
  'administrator',
  'privacy_officer',
  'auditor',
  'support',
  'service',
  'personalisation',
  'ingest',
  'store_agent',
] as const satisfies readonly Role[];
export type KeyRole = (typeof keyRoles)[number];

/** The roles that a token of an OpenID provider can lead to: those of people at work. */
export const staffRoles = [
  'administrator',
  'privacy_officer',
  'auditor',
  'support',
] as const satisfies readonly Role[];
export type StaffRole = (typeof staffRoles)[number];

export function isRole(text: string): text is Role {
  return roles.some((role) => role === text);
}
