import pMap from 'p-map';
import * as z from 'zod/mini';
import { AT_ONCE, isNotFound, isUnseen, parseJson, readJsonIfAny, type Gcloud } from './gcloud.ts';
import { resourceId } from '../../shared/google/resource-name.ts';
import { homeOf, isFormerRole, isOwnRole, isSharedStateRole } from './own-roles.ts';
import type { BoundBefore } from './bound-before.ts';
import type { Binding, Holder, Actual, ActualRole } from './actual.ts';
import { parseList, parseOne, type NoteUnread, type Unread } from './read-answer.ts';
import { bindingSchema, roleSchema } from './wire.ts';
import type { Access } from '../desired/access.ts';
import { runtimeAccountOf, type Desired } from '../desired/desired.ts';

/** The custom roles that are costguard's by their ids wherever these functions have some, and who holds shared ones. */
export async function readRoles(
  gcloud: Gcloud,
  desired: Desired,
  where: {
    readonly accesses: readonly Access[];
    readonly before: readonly BoundBefore[];
    readonly bindings: Actual['bindings'];
    readonly unseen: ReadonlyMap<string, string>;
    readonly note: NoteUnread;
  },
): Promise<Pick<Actual, 'roles' | 'holders'>> {
  const { accesses, bindings, unseen, note } = where;
  const names = desired.functions.map(({ name }) => name);
  const expected = new Set([
    `projects/${desired.project}`,
    ...accesses.flatMap(({ roleName, role }) => (role === undefined ? [] : [homeOf(roleName)])),
  ]);
  const homes = new Set(
    [...expected, ...formerHomes(desired, where.before, bindings)].filter((home) => home !== ''),
  );
  const listed = await pMap(
    homes,
    (home) => listRoles(gcloud, home, expected.has(home) && !unseen.has(home) ? isNotFound : isUnseen, note),
    { concurrency: AT_ONCE },
  );
  const isCostguards = (role: string): boolean =>
    isSharedStateRole(desired, role) ||
    names.some((name) => isOwnRole(desired, name, role) || isFormerRole(name, role));
  const roles = await pMap(
    listed.flat().filter(isCostguards),
    async (role) => [role, await readRole(gcloud, role)] as const,
    { concurrency: AT_ONCE },
  );
  const found = new Map(roles.flatMap(([name, role]) => (role === undefined ? [] : [[name, role]])));
  const former = [...found].filter(
    ([role, { deleted }]) => !deleted && names.some((name) => isFormerRole(name, role)),
  );
  const holders = await pMap(
    former,
    async ([role]) => [role, await readHolders(gcloud, role, bindings)] as const,
    { concurrency: AT_ONCE },
  );
  return { roles: found, holders: new Map(holders) };
}

/** Where roles may be left over: as the functions note it, and as their accounts' bindings show it. */
function formerHomes(
  desired: Desired,
  before: readonly BoundBefore[],
  bindings: Actual['bindings'],
): readonly string[] {
  const noted = before.map(({ on, home }) => home ?? (on.startsWith('projects/') ? on : ''));
  const held = desired.functions.flatMap(({ name }) => {
    const member = `serviceAccount:${runtimeAccountOf(desired, name)}`;
    return [...bindings.values()]
      .flat()
      .filter((one) => one.member === member)
      .filter(({ role }) => isOwnRole(desired, name, role) || isFormerRole(name, role))
      .map(({ role }) => homeOf(role));
  });
  return [...noted, ...held];
}

/** Full names of the custom roles of a project or organization, deleted ones with them; none where it is gone. */
async function listRoles(
  gcloud: Gcloud,
  home: string,
  isGone: (stderr: string) => boolean,
  note: NoteUnread,
): Promise<readonly string[]> {
  const args = ['iam', 'roles', 'list', '--show-deleted', placeOf(home)];
  const answer = await readJsonIfAny(gcloud, args, isGone);
  return parseList(args, z.looseObject({ name: z.string() }), answer, note).map(({ name }) => name);
}

/** What a custom role contains; undefined where it is gone for good. */
async function readRole(gcloud: Gcloud, name: string): Promise<ActualRole | undefined> {
  const args = ['iam', 'roles', 'describe', resourceId(name), placeOf(homeOf(name))];
  const answer = await readJsonIfAny(gcloud, args);
  if (answer === undefined) return undefined;
  const {
    title = '',
    description = '',
    stage = 'ALPHA',
    includedPermissions = [],
    deleted,
  } = parseOne(args, roleSchema, answer);
  return { title, description, stage, permissions: includedPermissions, deleted: deleted === true };
}

/** The flag that names a project or organization. */
function placeOf(home: string): string {
  return home.startsWith('projects/')
    ? `--project=${home.slice('projects/'.length)}`
    : `--organization=${home.slice('organizations/'.length)}`;
}

/**
 * Who holds a role: as its policies say that were read, and as Cloud Asset Inventory says of everything below its home.
 * Undefined where that cannot be queried, and for roles on billing accounts, which may stand outside of that inventory.
 */
async function readHolders(
  gcloud: Gcloud,
  role: string,
  bindings: Actual['bindings'],
): Promise<readonly Holder[] | undefined> {
  if (role.endsWith('Billing')) return undefined;
  const query = `--query=policy:"${role}"`;
  const args = ['asset', 'search-all-iam-policies', `--scope=${homeOf(role)}`, query, '--format=json'];
  const answer = await gcloud(args);
  // The API may be off, or the right to search missing: then it is not known, which is reason enough to keep the role.
  if (answer.code !== 0) return undefined;
  const unread: Unread[] = [];
  const answered = parseJson(args, answer.stdout);
  const found = parseList(args, foundSchema, answered, (one) => void unread.push(one));
  // Who holds it cannot be told then, which is reason enough, too.
  if (unread.length > 0) return undefined;
  const read = [...bindings].map(([on, held]): OnResource => ({ on, held }));
  const searched = found.map(({ resource, policy }): OnResource => ({
    on: resource.split('/').slice(-2).join('/'),
    held: (policy.bindings ?? []).flatMap((one) => one.members.map((member) => ({ role: one.role, member }))),
  }));
  return [...read, ...searched].flatMap(({ on, held }) =>
    held.filter((binding) => binding.role === role).map(({ member }) => ({ on, member })),
  );
}

interface OnResource {
  readonly on: string;
  readonly held: readonly Binding[];
}

/** Of google.cloud.asset.v1.IamPolicySearchResult: `//cloudresourcemanager.googleapis.com/projects/P` and its bindings. */
const foundSchema = z.looseObject({
  resource: z.string(),
  policy: z.looseObject({ bindings: z.optional(z.array(bindingSchema)) }),
});
