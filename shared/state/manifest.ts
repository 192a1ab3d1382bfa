import * as z from 'zod/mini';
import { budgetPath } from '../spend/budget-path.ts';
import { PermanentError } from '../errors.ts';
import type { ProjectRef } from '../google/projects.ts';
import { isPlainName } from '../google/resource-name.ts';
import { rungActions } from '../policy/policy.ts';
import { compareAndSwap, type Pauses } from './compare-and-swap.ts';
import { itemSchema } from './manifest-item.ts';
import type { State } from './state.ts';

/** Something that a rung leaves alone, and why. `unseen`: it is a place that could not be looked into before billing went. */
const leftSchema = z.object({
  resource: z.string(),
  reason: z.string(),
  unseen: z.optional(z.literal(true)),
});

const rungSchema = z.object({
  at: z.number(),
  do: z.enum(rungActions),
  /** `claimed`: a run is at work on it, or died; `done`: all that it planned is dealt with. */
  status: z.enum(['claimed', 'done']),
  /** The run that planned it, or went on with it. */
  runId: z.string(),
  firedAtMs: z.optional(z.number()),
  /** Absent until the rung has been planned; nothing is taken away before it is written. */
  items: z.optional(z.array(itemSchema)),
  left: z.optional(z.array(leftSchema)),
  /** Whether all of the project could be looked at when the rung was planned; if not, it is looked at again. */
  complete: z.optional(z.boolean()),
});

const deploymentSchema = z.object({
  atMs: z.number(),
  /** Absent where no answer came (yet): whether it is under way is not known. */
  operation: z.optional(z.string()),
});

const startSchema = z.object({
  atMs: z.number(),
  /** Absent where the answer named none. */
  operation: z.optional(z.string()),
  /** No answer came (yet): whether the request left is not known. */
  unanswered: z.optional(z.literal(true)),
});

const leaseSchema = z.object({
  /** The function that works on the project, and its run. */
  by: z.string(),
  runId: z.string(),
  /** What it does: `stop-compute`, `restore`. */
  doing: z.string(),
});

/** For how long the rungs of a project are not in force after a restore. */
const graceSchema = z.object({
  runId: z.string(),
  sinceMs: z.number(),
  untilMs: z.optional(z.number()),
  /** Until this share of the budget is spent. */
  untilShare: z.optional(z.number()),
  /** The amount that it is a share of, where the switch has not seen the grace yet: the budget may have been raised before. */
  shareOf: z.optional(z.number()),
  /** The budget's amount when the switch first saw the grace: once that is raised, it has done its work. */
  amount: z.optional(z.number()),
});

const manifestSchema = z.object({
  version: z.literal(1),
  budget: z.string(),
  /** First day of the budget's period. */
  period: z.string(),
  project: z.string(),
  rungs: z.array(rungSchema),
  /** Resources brought back, with the moment. */
  restored: z.record(z.string(), z.number()),
  /** Deployments of models that were requested and are not known to be done, by their {@link deploymentKey}. */
  deployments: z.optional(z.record(z.string(), deploymentSchema)),
  /** Starts that the restore requested and that are not known to have come to their end, by resource and step. */
  starts: z.optional(z.record(z.string(), startSchema)),
  /** Who may change the project now: one run of the switch or the restore. Absent when no one is at work. */
  lease: z.optional(leaseSchema),
  grace: z.optional(graceSchema),
  /** Since when stop-compute has been in effect, for the present amount: unlinking waits for the cost of before. */
  settling: z.optional(
    z.object({
      sinceMs: z.number(),
      amount: z.number(),
      /** Something burns that the rung does not stop, or not all was seen: the time begins anew once neither is so. */
      burns: z.optional(z.literal(true)),
      /** Since when each look at unlinking missed something that a retry may show: for that it waits, within bounds. */
      unseenSinceMs: z.optional(z.number()),
      /** The first figure of the budget after that time, in its currency: cost that grows later has another cause. */
      after: z.optional(z.object({ atMs: z.number(), cost: z.number() })),
    }),
  ),
  /**
   * Share of the budget's amount that was spent by the last message that made a rung due outside a grace, and that amount; in the
   * budget's own record the most by which notify was reached since it was told.
   */
  spent: z.optional(z.object({ share: z.number(), amount: z.number() })),
  /** Counts the leases: what an older one is about to write is refused. */
  fence: z.optional(z.int()),
});

export type ManifestRung = z.infer<typeof rungSchema>;
export type DeploymentRequest = z.infer<typeof deploymentSchema>;
export type StartRequest = z.infer<typeof startSchema>;
export type Grace = z.infer<typeof graceSchema>;
export type LeftAlone = z.infer<typeof leftSchema>;

/**
 * The ladder's state and the restore manifest of one project for one budget and period: which rungs have fired, and what
 * each took away.
 */
export type Manifest = z.infer<typeof manifestSchema>;

export interface ManifestKey {
  /** billingAccounts/A/budgets/B */
  readonly budget: string;
  readonly period: string;
  readonly project: string;
}

/** `manifests/A/B/2026-11-01/PROJECT.json` */
export function manifestObject({ budget, period, project }: ManifestKey): string {
  return `manifests/${budgetPath(budget)}/${period}/${project}.json`;
}

/** Endpoint and the model's old id: `projects/P/locations/L/endpoints/E 7808380286500077568`. */
export function deploymentKey(endpoint: string, modelId: string): string {
  return `${endpoint} ${modelId}`;
}

const NAME = /^manifests\/([0-9A-F-]{20})\/([\w-]{1,64})\/(\d{4}-\d{2}-\d{2})\/([a-z0-9.:-]{4,62})\.json$/;

/** What a manifest is about by its name; undefined for a budget's own record, and for what is called otherwise. */
export function manifestKey(name: string): ManifestKey | undefined {
  const [, account = '', id = '', period = '', project] = NAME.exec(name) ?? [];
  return project === undefined
    ? undefined
    : { budget: `billingAccounts/${account}/budgets/${id}`, period, project };
}

export interface StoredManifest {
  readonly manifest: Manifest;
  /** `0` when it is not stored yet. */
  readonly generation: string;
  /** Since it was last written, by Cloud Storage's clock. */
  readonly ageMs: number;
}

/** The stored manifest, or an empty one. Throws {@link PermanentError} for what is no manifest: that is not overwritten. */
export async function readManifest(state: State, key: ManifestKey): Promise<StoredManifest> {
  const { text, generation = '0', ageMs = 0 } = (await state.read(manifestObject(key))) ?? {};
  return { manifest: manifestOf(state, key, text), generation, ageMs };
}

function manifestOf(state: State, key: ManifestKey, text: string | undefined): Manifest {
  if (text === undefined) return { version: 1, ...pick(key), rungs: [], restored: {} };
  const object = `gs://${state.bucket}/${manifestObject(key)}`;
  let manifest: Manifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new PermanentError(`Cannot use "${object}": it is no manifest of this version`, { cause: error });
  }
  const wrong = contradiction(manifest, key);
  if (wrong !== undefined) throw new PermanentError(`Cannot use "${object}": ${wrong}`);
  return manifest;
}

/** What in a manifest is not about what its name says; undefined when all is. */
function contradiction(manifest: Manifest, key: ManifestKey): string | undefined {
  for (const field of ['budget', 'period', 'project'] as const)
    if (manifest[field] !== key[field])
      return `its ${field} is ${JSON.stringify(manifest[field].slice(0, 200))}, not ${key[field]}`;
  const foreign = manifest.rungs
    .flatMap(({ items = [] }) => items)
    .find(({ resource }) => !mayBelongTo(resource, key.project));
  return foreign === undefined
    ? undefined
    : `it lists ${JSON.stringify(foreign.resource.slice(0, 200))}, which does not lie below projects/${key.project}`;
}

const PROJECT_OF = /^projects\/([^/]+)(?:$|\/)/;

/** By a project's number it may: whose that is, only Google can tell. */
function mayBelongTo(resource: string, project: string): boolean {
  const named = projectIn(resource);
  return named === project || (/^\d+$/.test(named) && resource !== `projects/${named}`);
}

/** Whether a resource lies below a project, of which Google told the number. */
export function isBelow(resource: string, project: ProjectRef): boolean {
  const named = projectIn(resource);
  return named !== '' && (named === project.projectId || named === project.number);
}

/** The id or number of the project that a resource's name begins with; empty where its address would lead to another one. */
function projectIn(resource: string): string {
  return isPlainName(resource) ? (PROJECT_OF.exec(resource)?.[1] ?? '') : '';
}

function pick({ budget, period, project }: ManifestKey): { budget: string; period: string; project: string } {
  return { budget, period, project };
}

/** Writes whose answer could not be read; what became of them is seen by reading the manifest again. */
const MAX_UNANSWERED = 5;

/**
 * Changes a manifest under a precondition; where another run was faster, or the answer to the write says nothing, `change` is
 * called again with what is stored then. It returns undefined to leave the manifest as it is. Returns what is stored in the end.
 */
export async function updateManifest(
  state: State,
  key: ManifestKey,
  pauses: Pauses,
  change: (manifest: Manifest, ageMs: number) => Manifest | undefined,
): Promise<Manifest> {
  const object = {
    name: manifestObject(key),
    parse: (text: string | undefined) => manifestOf(state, key, text),
    print: (manifest: Manifest) => JSON.stringify(manifest),
  };
  return compareAndSwap(state, pauses, object, change, MAX_UNANSWERED);
}
