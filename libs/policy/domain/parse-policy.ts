import { DomainError, parseYaml, type Fault } from '#kernel';
import { policySchema, type Policy } from './policy.js';

/**
 * Reads a policy document (YAML or JSON). Throws DomainError invalid `policy.invalid` with every fault and its place.
 */
export function parsePolicy(text: string): Policy {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw refusal(parsed.faults);
  const result = policySchema.safeParse(parsed.value);
  if (result.success) return result.data;
  throw refusal(result.error.issues.map(({ path, message }) => ({ pointer: pointerOf(path), message })));
}

function refusal(faults: readonly Fault[]): DomainError {
  const sentence = faults.map(({ pointer, message }) => `${pointer} ${message}`.trim()).join('; ');
  return new DomainError('invalid', 'policy.invalid', `the policy is not valid: ${sentence}`, { faults });
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
