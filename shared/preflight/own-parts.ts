import * as z from 'zod/mini';
import { undefinedIfMissing } from '../google/google-api-error.ts';
import { parseAnswer, requireAbout } from '../google/parse-answer.ts';
import type { Policy } from '../policy/policy.ts';
import { notPassed, orUnknown, pass, YOU, type Check, type Inspection } from './check.ts';

/** Something that the switch, or the restore, does not work without. */
export interface OwnPart {
  readonly what: string;
  /** Id or number of the project that it lies in. */
  readonly project: string;
  /** The switch works without it and tells no one. */
  readonly isChannel?: true;
}

const bucketSchema = z.looseObject({ name: z.string(), projectNumber: z.string() });

/**
 * What the switch needs, with the project that each lies in: a project whose billing it unlinks takes all of that down with it.
 * Needs storage.buckets.get on the buckets. What cannot be told is a check of its own.
 */
export async function listOwnParts(
  inspection: Inspection,
  policy: Policy,
): Promise<{ readonly parts: readonly OwnPart[]; readonly unknown: readonly Check[] }> {
  const { project, topic, account, policyUri } = inspection.options;
  const named: readonly OwnPart[] = [
    { what: 'the function and its schedule', project },
    { what: topic, project: topic.split('/')[1] ?? '' },
    { what: account, project: account.split(/[@.]/)[1] ?? '' },
    ...(policy.receiptsTopic === undefined
      ? []
      : [{ what: policy.receiptsTopic, project: policy.receiptsTopic.split('/')[1] ?? '' }]),
  ];
  const channels = (policy.notify?.channels ?? []).map((channel): OwnPart => {
    const what = channel.kind === 'topic' ? channel.topic : channel.secret;
    return { what, project: what.split('/')[1] ?? '', isChannel: true };
  });
  const buckets = [policy.stateBucket, policyUri?.split('/')[2]].filter((bucket) => bucket !== undefined);
  const found = await Promise.all([...new Set(buckets)].map((bucket) => findBucket(inspection, bucket)));
  return {
    parts: [...named, ...channels, ...found.filter((one) => one !== undefined && 'what' in one)],
    unknown: found.filter((one) => one !== undefined && 'status' in one),
  };
}

/** Undefined where there is no such bucket: that is another check's. */
function findBucket(inspection: Inspection, bucket: string): Promise<OwnPart | Check | undefined> {
  const place = { id: 'bucket-project', subject: `gs://${bucket}` };
  const call = 'storage.buckets.get';
  const see = `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=${YOU} --role=roles/storage.bucketViewer`;
  return orUnknown(place, inspection, [see], async () => {
    const url = `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}`;
    const answer = await undefinedIfMissing(
      inspection.api.request(call, { url, query: { fields: 'name,projectNumber' } }),
    );
    if (answer === undefined) return undefined;
    const { name, projectNumber } = parseAnswer(call, bucketSchema, answer);
    requireAbout(call, 'name', name, bucket);
    return { what: place.subject, project: projectNumber };
  });
}

/** Whether anything that the switch needs lies in a project that it may unlink. Pure. */
export function judgeOwnParts(
  { projectId, number }: { readonly projectId: string; readonly number: string },
  parts: readonly OwnPart[],
): Check {
  const subject = `projects/${projectId}`;
  const place = { id: 'project-own-parts', subject };
  const inside = parts.filter(({ project }) => project === projectId || project === number);
  if (inside.length === 0) return pass(place, 'nothing that the switch needs lies in it');
  const lost = inside.every(({ isChannel }) => isChannel === true)
    ? 'no channel of it is told any more, not even that billing was unlinked'
    : 'the switch and the restore with that';
  return notPassed(
    place,
    'fail',
    `${inside.map(({ what }) => what).join(', ')} would go down with its billing, and ${lost}`,
    [
      `Move ${inside.map(({ what }) => what).join(', ')} into the operations project, or add ${projectId} to budgets.protect`,
    ],
  );
}
