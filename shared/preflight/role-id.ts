import { createHash } from 'node:crypto';

/** Custom role ids have at most 64 characters: iam/docs/reference/rest/v1/projects.roles/create. */
const MAX_LENGTH = 64;
/** `.99` for a later generation. */
const GENERATION_LENGTH = 3;

/** `costguardBudgetKillSwitch`; with a suffix for a function's other roles. The same in every installation. */
export function sharedRoleId(name: string, suffix = ''): string {
  const words = name.split('-').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `costguard${words.join('')}${suffix}`;
}

/**
 * Id of a function's custom role outside the operations project, such as `costguardBudgetKillSwitch_ml_ops`: two
 * installations may look after the same project, and each has a role of its own there. Different operations projects never
 * yield the same id: project ids have no underscore, and one that has other characters, or is too long for the id, is
 * represented by its digest after a full stop.
 */
export function roleIdFor(name: string, suffix: string, operationsProject: string): string {
  const base = sharedRoleId(name, suffix);
  const whole = `${base}_${operationsProject.replaceAll('-', '_')}`;
  if (/^[a-z0-9-]+$/.test(operationsProject) && whole.length <= MAX_LENGTH - GENERATION_LENGTH) return whole;
  return `${base}.${createHash('sha256').update(operationsProject).digest('hex').slice(0, 12)}`;
}
