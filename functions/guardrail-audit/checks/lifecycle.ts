import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import type { AuditConfig } from '../config.ts';
import type { AuditFacts, BucketFacts, ModelFacts, ReceiptDecision, ReceiptFacts } from '../facts.ts';
import { judge, judgeEach, type Found, type Judgement, type Outcome } from './outcome.ts';
import { textOf } from './notebooks.ts';
import { resourceId } from '../../../shared/google/resource-name.ts';

const DAY_MS = 86_400_000;

/** The enforcer's own judgement, from its newest receipt: it simulates the rules and knows what is exempt. */
export function checkLifecycle(facts: AuditFacts, config: AuditConfig, now: Date): readonly Outcome[] {
  return [
    judge('lifecycle-missing', facts.enforcer, (receipt) => missing(receipt)),
    judge('lifecycle-ineffective', facts.enforcer, ineffective),
    judgeEach('image-registry', facts.buckets, (bucket) => oldImages(bucket, config)),
    judgeEach('model-registry', facts.models, (model) => oldModel(model, config, now)),
  ];
}

function missing({ decisions, incomplete }: ReceiptFacts): Judgement {
  return {
    looked: decisions.length,
    gaps: incomplete,
    // Images have a rule of their own.
    found: decisions
      .filter(({ action, resource }) => action !== 'keep' && !isImageBucket(bucketOf(resource)))
      .map(desired),
  };
}

function desired({ resource, action, reason, evidence, usdPerHour }: ReceiptDecision): Found {
  const bucket = bucketOf(resource);
  const saves = usdPerHour === 'unpriced' ? usdPerHour : usdPerHour * HOURS_PER_MONTH;
  return {
    resource,
    detail: `the enforcer would ${action === 'patch' ? 'change its rules' : `${action} it`}: ${reason}${reasonWhy(evidence)}`,
    evidence: { action, reason },
    ...(saves === 0 ? {} : { usdPerMonth: saves === 'unpriced' ? saves : { low: saves, high: saves } }),
    commands:
      action === 'patch'
        ? [`gcloud storage buckets update gs://${bucket} --lifecycle-file=LIFECYCLE_FILE`]
        : [
            `gcloud storage buckets describe gs://${bucket} --format='default(lifecycle_config,soft_delete_policy,labels)'`,
          ],
  };
}

function reasonWhy({ why }: ReceiptDecision['evidence']): string {
  const text = textOf(why);
  return text === undefined ? '' : ` (${text})`;
}

/** Lint codes of what is stored and billed beside the objects that a listing shows. */
const BILLS_UNSEEN: Readonly<Record<string, (bucket: string) => string>> = {
  'soft-delete-bills': (bucket) => `gcloud storage buckets update gs://${bucket} --soft-delete-duration=7d`,
  'no-abort-multipart': (bucket) =>
    `gcloud storage buckets update gs://${bucket} --lifecycle-file=LIFECYCLE_FILE`,
  'no-noncurrent-rule': (bucket) =>
    `gcloud storage buckets update gs://${bucket} --lifecycle-file=LIFECYCLE_FILE`,
};

function ineffective({ decisions, incomplete }: ReceiptFacts): Judgement {
  return { looked: decisions.length, gaps: incomplete, found: decisions.flatMap(lints) };
}

function lints({ resource, evidence }: ReceiptDecision): readonly Found[] {
  const { lint } = evidence;
  if (!Array.isArray(lint)) return [];
  return lint.flatMap((one: unknown): readonly Found[] => {
    const [code, why] = [fieldOf(one, 'code'), fieldOf(one, 'why')];
    const command = code === undefined ? undefined : BILLS_UNSEEN[code];
    if (code === undefined || command === undefined) return [];
    return [
      {
        resource,
        place: code,
        detail: why ?? code,
        evidence: { code },
        commands: [command(bucketOf(resource))],
      },
    ];
  });
}

function fieldOf(value: unknown, key: string): string | undefined {
  return typeof value === 'object' && value !== null
    ? textOf(Object.entries(value).find(([name]) => name === key)?.[1])
    : undefined;
}

function bucketOf(resource: string): string {
  return resourceId(resource);
}

/** Container Registry was shut down on 2025-03-18; it kept its images in buckets of these names. */
function isImageBucket(name: string): boolean {
  return /^(?:(?:us|eu|asia)\.)?artifacts\.[a-z0-9.:-]+\.appspot\.com$/.test(name);
}

function oldImages({ name }: BucketFacts, { project }: AuditConfig): readonly Found[] {
  if (!isImageBucket(name)) return [];
  return [
    {
      resource: `projects/_/buckets/${name}`,
      detail: 'it holds the images of Container Registry, which is shut down',
      evidence: { bucket: name },
      commands: [
        `gcloud artifacts docker upgrade migrate --projects=${shellWord(project)}`,
        `gcloud storage rm gs://${name} --recursive`,
      ],
    },
  ];
}

function oldModel(model: ModelFacts, { modelAgeDays, project }: AuditConfig, now: Date): readonly Found[] {
  const { resource, createdMs, deployed, displayName } = model;
  if (deployed || createdMs === undefined) return [];
  const days = Math.floor((now.getTime() - createdMs) / DAY_MS);
  if (days <= modelAgeDays) return [];
  const [, , , region = '', , id = ''] = resource.split('/');
  return [
    {
      resource,
      detail: `${JSON.stringify(displayName)} is ${days} days old and no endpoint serves it`,
      evidence: { ageDays: days, maxAgeDays: modelAgeDays },
      commands: [`gcloud ai models delete ${id} --region=${region} --project=${shellWord(project)}`],
    },
  ];
}
