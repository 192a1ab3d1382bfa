import {
  deploymentKey,
  type DeploymentRequest,
  type Grace,
  type Manifest,
} from '../../shared/state/manifest.ts';
import type { ManifestItem } from '../../shared/state/manifest-item.ts';
import type { Holder } from '../../shared/state/holders.ts';
import type { State } from '../../shared/state/state.ts';
import type { AnswerLine } from './answer-line.ts';
import { openStarts, type Starts } from './bring-back/starts.ts';
import type { GraceRequest } from './config.ts';
import type { DeploymentJournal, EndpointItem } from './bring-back/endpoint.ts';
import { deploymentsElsewhere } from './bring-back/deployments-elsewhere.ts';
import type { RestoreRun } from './run.ts';

type HeldRun = Pick<RestoreRun, 'lease' | 'runtime'>;

/** What the manifest is told of a restore. */
export interface Books {
  readonly journal: (item: EndpointItem) => DeploymentJournal;
  readonly starts: Starts;
  /** Notes what became of an item, so that nothing is brought back twice. */
  note(item: ManifestItem, outcome: AnswerLine['outcome']): void;
  save(): Promise<void>;
}

/** `held`: what other budgets and periods hold of the project. */
export function openBooks(run: HeldRun, state: State, held: readonly Holder[]): Books {
  const { lease, runtime } = run;
  const starts = openStarts(run);
  const back: ManifestItem[] = [];
  return {
    journal: openJournal(run, state, held),
    starts,
    note(item, outcome) {
      // What an unfinished run of the switch may still take away is looked at again next time.
      if (outcome === 'done' || (outcome === 'already' && item.status === 'done')) back.push(item);
    },
    async save() {
      await starts.save();
      if (back.length === 0) return;
      const nowMs = runtime.now().getTime();
      // Not before it was taken away, as the switch's clock may have it.
      const restored = back.map(({ resource, atMs = 0 }) => [resource, Math.max(nowMs, atMs)] as const);
      await lease.update((stored) => ({
        ...stored,
        restored: { ...stored.restored, ...Object.fromEntries(restored) },
      }));
    },
  };
}

/** The journal of each endpoint in a project's manifest. What it says then is what this run goes by. */
function openJournal({ lease }: HeldRun, state: State, held: readonly Holder[]): Books['journal'] {
  const known = new Map<string, DeploymentRequest>(Object.entries(lease.manifest().deployments ?? {}));
  return (item) => ({
    read: (modelId) => known.get(deploymentKey(item.resource, modelId)),
    async write(modelId, request) {
      const key = deploymentKey(item.resource, modelId);
      await lease.update(({ deployments = {}, ...stored }) => {
        const others = Object.entries(deployments).filter(([other]) => other !== key);
        const own = request === undefined ? [] : [[key, request] as const];
        return { ...stored, deployments: Object.fromEntries([...others, ...own]) };
      });
      if (request === undefined) known.delete(key);
      else known.set(key, request);
    },
    elsewhere: (model) => deploymentsElsewhere(state, held, item, model),
  });
}

/**
 * Opens the grace in which the kill switch leaves alone what comes back. It counts from what was spent by the last message above a
 * rung, and none in a grace, so that the same request sent again does not lengthen it.
 */
export async function openGrace(
  { lease, runtime }: HeldRun,
  runId: string,
  requested: GraceRequest,
): Promise<void> {
  const nowMs = runtime.now().getTime();
  await lease.update((stored) => ({
    ...stored,
    grace: graceFrom(stored, { runId, sinceMs: nowMs }, requested),
  }));
}

/**
 * The grace that a restore opens. A raise ends it once the switch has seen it: the last amount that is known here may be of before a
 * raise, which is not to end what was requested after it. Pure.
 */
export function graceFrom(
  { spent, rungs }: Pick<Manifest, 'spent' | 'rungs'>,
  base: Pick<Grace, 'runId' | 'sinceMs'>,
  requested: GraceRequest,
): Grace {
  if ('hours' in requested) return { ...base, untilMs: base.sinceMs + requested.hours * 3_600_000 };
  const share = spent?.share ?? Math.max(0, ...rungs.map(({ at }) => at));
  return {
    ...base,
    untilShare: share + requested.share,
    ...(spent === undefined ? {} : { shareOf: spent.amount }),
  };
}
