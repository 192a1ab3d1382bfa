import { readJsonIfAny, type Gcloud } from './gcloud.ts';
import { parseList, parseOne, type NoteUnread } from './read-answer.ts';
import type { Binding } from './actual.ts';
import { bindingSchema, iamSchema } from './wire.ts';
import type { Desired } from '../desired/desired.ts';

/** Empty for a resource that is gone. */
export async function readBindings(
  gcloud: Gcloud,
  desired: Desired,
  on: string,
  isGone: (stderr: string) => boolean,
  note: NoteUnread,
): Promise<readonly Binding[]> {
  const command = policyCommand(desired, on);
  const answer = await readJsonIfAny(gcloud, command, isGone);
  const { bindings } = parseOne(command, iamSchema, answer ?? {});
  return parseList(command, bindingSchema, bindings, note).flatMap(({ role, members, condition }) =>
    members.map((member) => ({ role, member, condition })),
  );
}

function policyCommand({ project, region }: Desired, on: string): readonly string[] {
  const id = on.slice(on.indexOf('/') + 1);
  if (on.startsWith('gs://')) return ['storage', 'buckets', 'get-iam-policy', on];
  if (on.startsWith('projects/')) return ['projects', 'get-iam-policy', id];
  if (on.startsWith('folders/')) return ['resource-manager', 'folders', 'get-iam-policy', id];
  if (on.startsWith('organizations/')) return ['organizations', 'get-iam-policy', id];
  if (on.startsWith('serviceAccounts/')) return ['iam', 'service-accounts', 'get-iam-policy', id];
  if (on.startsWith('billingAccounts/')) return ['billing', 'accounts', 'get-iam-policy', id];
  if (on.startsWith('secrets/')) {
    const [, home = '', secret = ''] = on.split('/');
    return ['secrets', 'get-iam-policy', secret, `--project=${home}`];
  }
  if (on.startsWith('topics/')) return ['pubsub', 'topics', 'get-iam-policy', id, `--project=${project}`];
  if (on.startsWith('subscriptions/'))
    return ['pubsub', 'subscriptions', 'get-iam-policy', id, `--project=${project}`];
  return ['run', 'services', 'get-iam-policy', id, `--region=${region}`, `--project=${project}`];
}
