import type { Actual, Binding } from '../actual/actual.ts';
import type { Condition } from '../desired/condition.ts';
import type { Step } from '../desired/step.ts';

/** Where a resource lives that has no full name in its own commands. */
export interface Place {
  readonly project: string;
  readonly region: string;
}

/** Binds a role unless it is bound already. */
export function grant(
  actual: Pick<Actual, 'bindings'>,
  place: Place,
  on: string,
  binding: Binding,
  why: string,
): readonly Step[] {
  if (isBound(actual, on, binding)) return [];
  return [{ why, args: bindingCommand('add', place, on, binding) }];
}

/** Takes a binding away where it is there. */
export function revoke(
  actual: Pick<Actual, 'bindings'>,
  place: Place,
  on: string,
  binding: Binding,
  why: string,
): readonly Step[] {
  if (!isBound(actual, on, binding)) return [];
  return [{ why, args: bindingCommand('remove', place, on, binding) }];
}

export function isBound({ bindings }: Pick<Actual, 'bindings'>, on: string, binding: Binding): boolean {
  return (bindings.get(on) ?? []).some((one) => isSameBinding(one, binding));
}

/** With the same condition, or both without one. */
export function isSameBinding(one: Binding, other: Binding): boolean {
  return (
    one.role === other.role &&
    one.member === other.member &&
    one.condition?.title === other.condition?.title &&
    one.condition?.expression === other.condition?.expression
  );
}

function bindingCommand(
  verb: 'add' | 'remove',
  { project, region }: Place,
  on: string,
  { role, member, condition }: Binding,
): readonly string[] {
  const command = `${verb}-iam-policy-binding`;
  const what = [`--member=${member}`, `--role=${role}`];
  const id = on.slice(on.indexOf('/') + 1);
  // Where a policy holds conditional bindings too, gcloud prompts for the condition unless it is told that there is none.
  const plain = condition === undefined ? '--condition=None' : `--condition=${conditionText(condition)}`;
  if (on.startsWith('gs://')) return ['storage', 'buckets', command, on, ...what, plain];
  if (on.startsWith('projects/')) return ['projects', command, id, ...what, plain];
  if (on.startsWith('folders/')) return ['resource-manager', 'folders', command, id, ...what, plain];
  if (on.startsWith('organizations/')) return ['organizations', command, id, ...what, plain];
  if (on.startsWith('serviceAccounts/')) return ['iam', 'service-accounts', command, id, ...what, plain];
  if (on.startsWith('billingAccounts/')) return ['billing', 'accounts', command, id, ...what];
  if (on.startsWith('secrets/')) {
    const [, home = '', secret = ''] = on.split('/');
    return ['secrets', command, secret, ...what, plain, `--project=${home}`];
  }
  if (on.startsWith('topics/')) return ['pubsub', 'topics', command, id, ...what, `--project=${project}`];
  if (on.startsWith('subscriptions/'))
    return ['pubsub', 'subscriptions', command, id, ...what, `--project=${project}`];
  if (on.startsWith('services/'))
    return ['run', 'services', command, id, ...what, `--region=${region}`, `--project=${project}`];
  throw new Error(`Cannot bind a role on "${on}": no such kind of resource`);
}

/** As gcloud's dictionaries are written; with another separator than the comma where a value has one, see `gcloud topic escaping`. */
function conditionText(condition: Condition): string {
  const fields = (['expression', 'title', 'description'] as const).flatMap((key) =>
    condition[key] === undefined ? [] : [`${key}=${condition[key]}`],
  );
  const separator = [',', ';', '~', '@'].find((one) => !fields.some((field) => field.includes(one))) ?? ',';
  return `${separator === ',' ? '' : `^${separator}^`}${fields.join(separator)}`;
}
