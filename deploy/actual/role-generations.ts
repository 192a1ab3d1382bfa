/**
 * A deleted custom role can be undeleted for 7 days and its id stays taken for 37, while nothing shows it any more: neither
 * `describe` nor `list --show-deleted`. A role that is needed in between takes the next id: `….2`, `….3`. Which one is in use
 * is seen by listing, so that nothing has to be remembered elsewhere.
 * Source: https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role
 */
import { isNotFound, type GcloudFailed } from './gcloud.ts';
import type { Actual, ActualRole } from './actual.ts';

/** The generations of a role by its first name: `projects/P/roles/R`, `projects/P/roles/R.2`. */
export function isGenerationOf(name: string, first: string): boolean {
  return generationOf(name, first) !== undefined;
}

function generationOf(name: string, first: string): number | undefined {
  if (name === first) return 1;
  const [, number] = name.startsWith(first) ? (/^\.([1-9]\d?)$/.exec(name.slice(first.length)) ?? []) : [];
  return number === undefined || number === '1' ? undefined : Number(number);
}

function nameOf(first: string, generation: number): string {
  return generation === 1 ? first : `${first}.${generation}`;
}

/** All that are there, deleted ones with them, the newest first. */
function generationsIn(roles: Actual['roles'], first: string): readonly (readonly [string, ActualRole])[] {
  return [...roles]
    .filter(([name]) => isGenerationOf(name, first))
    .sort(([a], [b]) => (generationOf(b, first) ?? 0) - (generationOf(a, first) ?? 0));
}

/** The full name of the role to use: one that is there, else one that can be undeleted, else one to be made. */
export function roleInUse(actual: Pick<Actual, 'roles' | 'blockedRoles'>, first: string): string {
  const { roles, blockedRoles } = actual;
  const there = generationsIn(roles, first).filter(([name]) => !blockedRoles.has(name));
  const [found] = there.find(([, { deleted }]) => !deleted) ?? there[0] ?? [];
  if (found !== undefined) return found;
  let generation = 1;
  while (roles.has(nameOf(first, generation)) || blockedRoles.has(nameOf(first, generation))) generation += 1;
  return nameOf(first, generation);
}

/**
 * The full name of the role whose id a command could not take, because a role of that id was deleted. Real answers: "You
 * can't create a role_id (R) which has been marked for deletion" (gke-autoneg-controller#71) and "… where there is an existing
 * role with that role_id in a deleted state"; undeleting one that is gone for good is answered with NOT_FOUND.
 */
export function blockedRole({ args, stderr }: GcloudFailed): string | undefined {
  const [group, roles, verb = '', id = '', ...flags] = args;
  if (group !== 'iam' || roles !== 'roles') return undefined;
  const isBlocked =
    (verb === 'create' && /marked for deletion|in a deleted state/i.test(stderr)) ||
    (verb === 'undelete' && (isNotFound(stderr) || /FAILED_PRECONDITION/.test(stderr)));
  if (!isBlocked) return undefined;
  const [, kind = '', home = ''] = /^--(project|organization)=(.*)$/.exec(flags[0] ?? '') ?? [];
  return `${kind}s/${home}/roles/${id}`;
}
