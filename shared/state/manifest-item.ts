import * as z from 'zod/mini';
import type { BringBack, ResourceKind, RunningResource, Step, Target } from '../resources/kind.ts';
import { RESOURCE_KINDS } from '../resources/kinds.ts';

/**
 * What became of an item. `planned`: it will be taken away, or was where no answer came; `done`: it was; `already`: it was
 * off without us; `failed`: Google refused, or there was no time, so that it is still there.
 */
const itemStatus = z.enum(['planned', 'done', 'already', 'failed']);

const common = {
  resource: z.string(),
  status: itemStatus,
  atMs: z.optional(z.number()),
  why: z.optional(z.string()),
  /** How often it ran again after it had been taken away, and was taken away again. */
  cameBack: z.optional(z.int()),
  /** Whether no run had time to try it since it was planned, or came back. */
  untried: z.optional(z.literal(true)),
};

const jobKinds = z.enum(['custom-job', 'hyperparameter-tuning-job', 'tuning-job']);

/** Kinds whose items carry a record of `shared/resources`, which that kind alone reads. */
const recordKinds = z.enum([
  'batch-prediction-job',
  'colab-runtime',
  'dataproc-cluster',
  'instance-group',
  'node-pool',
  'pipeline-job',
  'schedule',
  'tpu',
  'training-pipeline',
  'workstation',
]);

/**
 * Something that a rung takes away, with all that is needed to bring it back. Kinds of the first manifests keep the fields that
 * they had there, so that what a released version wrote is read as it is.
 */
export const itemSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('notebook'), ...common }),
  z.object({ kind: z.literal('vm'), ...common, localSsds: z.number(), spot: z.boolean() }),
  z.object({
    kind: jobKinds,
    ...common,
    displayName: z.string(),
    state: z.string(),
    /** What to submit again. */
    source: z.optional(z.string()),
  }),
  z.object({
    kind: z.literal('endpoint'),
    ...common,
    models: z.array(z.looseObject({ id: z.string() })),
    trafficSplit: z.record(z.string(), z.number()),
    /** Taken off by an earlier stop, and not there when the endpoint was emptied again after a time in which its owner had a free hand. */
    away: z.optional(z.array(z.looseObject({ id: z.string() }))),
  }),
  z.object({ kind: z.literal('billing'), ...common, account: z.string() }),
  z.object({ kind: recordKinds, ...common, record: z.record(z.string(), z.unknown()) }),
]);

export type ManifestItem = z.infer<typeof itemSchema>;

/** An item of the table of what burns: all but billing. */
export type ResourceItem = Exclude<ManifestItem, { kind: 'billing' }>;

const KINDS = new Map<string, ResourceKind>(RESOURCE_KINDS.map((kind) => [kind.kind, kind]));

const wireSchema = z.looseObject({});

/** The item that takes a running resource away, with what its kind remembered of it. Throws for a kind that no rung stops. */
export function itemOf(
  { kind, resource }: Pick<RunningResource, 'kind' | 'resource'>,
  remembered: Readonly<Record<string, unknown>>,
): ResourceItem {
  // As the manifest will show it: what the record does not have is absent, not undefined.
  const record = wireSchema.parse(JSON.parse(JSON.stringify(remembered)));
  const base = { kind, resource, status: 'planned' };
  const item = itemSchema.parse(
    recordKinds.safeParse(kind).success ? { ...base, record } : { ...record, ...base },
  );
  if (item.kind === 'billing') throw new Error(`Cannot take away "${resource}": billing is no resource`);
  return item;
}

/** The row of the table of what burns that an item belongs to. */
export function kindOf({ kind }: ResourceItem): ResourceKind {
  const found = KINDS.get(kind);
  if (found === undefined) throw new Error(`Cannot tell what a ${kind} is: the table of what burns lacks it`);
  return found;
}

/** An item as its kind takes it. */
export function targetOf(item: ResourceItem): Target {
  const { resource } = item;
  switch (item.kind) {
    case 'notebook':
      return { resource, record: {} };
    case 'vm':
      return { resource, record: { localSsds: item.localSsds, spot: item.spot } };
    case 'endpoint':
      return { resource, record: { models: item.models, trafficSplit: item.trafficSplit } };
    case 'custom-job':
    case 'hyperparameter-tuning-job':
    case 'tuning-job':
      return {
        resource,
        record: { displayName: item.displayName, state: item.state, source: item.source ?? '' },
      };
    case 'batch-prediction-job':
    case 'colab-runtime':
    case 'dataproc-cluster':
    case 'instance-group':
    case 'node-pool':
    case 'pipeline-job':
    case 'schedule':
    case 'tpu':
    case 'training-pipeline':
    case 'workstation':
      return { resource, record: item.record };
  }
}

/** What takes one change at a time, of an item: a name that items share which are changed one after the other. */
export function changedIn(item: ManifestItem): string {
  return (item.kind === 'billing' ? undefined : kindOf(item).changedIn?.(item.resource)) ?? item.resource;
}

/** Whether others are changed in it, as node pools are in their cluster: it is stopped before those, and comes back after them. */
export function isOutermost(item: ManifestItem): boolean {
  return item.kind !== 'billing' && kindOf(item).changedIn?.(item.resource) === item.resource;
}

/** The steps that stop an item, one after the other. Throws for a record that its kind cannot read. */
export function stopSteps(item: ResourceItem): readonly Step[] {
  return kindOf(item).stop(targetOf(item));
}

/** How an item is brought back. Throws for a record that its kind cannot read. */
export function bringBackOf(item: ResourceItem): BringBack {
  return kindOf(item).bringBack(targetOf(item));
}
