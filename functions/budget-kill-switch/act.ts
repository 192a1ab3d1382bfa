import pMap from 'p-map';
import { changeState } from '../../shared/google/change/change-state.ts';
import { messageOf } from '../../shared/errors.ts';
import { BusyError } from '../../shared/google/google-api-error.ts';
import { stepChange } from '../../shared/resources/change.ts';
import { keptBy } from '../../shared/state/kept.ts';
import { isBelow } from '../../shared/state/manifest.ts';
import {
  changedIn,
  isOutermost,
  stopSteps,
  type ManifestItem,
  type ResourceItem,
} from '../../shared/state/manifest-item.ts';
import type { RungAction } from '../../shared/policy/policy.ts';
import type { Config } from './config.ts';
import { isOpen, orderOf, settled, statusAfter, submits, takenAtMs } from './ladder/items.ts';
import type { Work } from './ladder/ladder.ts';
import { unlinkBilling } from './ladder/unlink.ts';
import type { SwitchRun } from './run.ts';

/** Requests to one project for one kind at the same time. */
const CONCURRENCY = 8;

/** How long what was requested may take to show: a state that changes, and what goes on for minutes at Google. */
const SHOWS_MS = 30_000;
const SHOWS_LATE_MS = 240_000;
const SHOWS_LATE: ReadonlySet<ManifestItem['kind']> = new Set(['endpoint', 'instance-group', 'node-pool']);

/** A pool of a cluster that is changed already is begun with so much of the run's time left: its change may take as long to show. */
const MIN_LEFT_MS = SHOWS_LATE_MS + 60_000;

/** Returns what became of an item. */
type Take = (item: ManifestItem) => Promise<ManifestItem>;

interface Keeping extends Pick<Config, 'keepLabel'> {
  /** Why something is kept at this look, by resource: a look at it alone shows no label of what belongs to it. */
  readonly kept?: ReadonlyMap<string, string>;
}

/**
 * Takes away what a rung planned, is not done yet and is in `chosen`, in that order, and reports each item to `work` as it is dealt with.
 * Returns how many it leaves for the next look, for lack of time alone.
 */
export async function stopResources(
  run: SwitchRun,
  config: Keeping,
  action: RungAction,
  work: Work,
  chosen: ReadonlySet<string>,
): Promise<number> {
  const planned = new Map(work.items().map((item) => [item.resource, item]));
  const open = [...chosen].flatMap((resource) => planned.get(resource) ?? []).filter(isOpen);
  if (action === 'unlink-billing') {
    await unlinkBilling(run, work, open);
    return 0;
  }
  const report: Take = async (item) => {
    await work.done(item);
    return item;
  };
  const take: Take = async (item) => {
    const taken = { ...(await takeItem(run, config, work, item)) };
    delete taken.untried;
    return report(taken);
  };
  const leave: Take = async (item) => {
    const error = new BusyError(
      `Cannot change "${item.resource}" yet: ${changedIn(item)} is changed one by one, and too little of this run's time is left`,
    );
    run.failure(item.resource, error);
    const leaving = settled(item, { status: work.wasTaken(item) ? 'planned' : 'failed', why: error.message });
    return report(work.wasTried(item) ? leaving : { ...leaving, untried: true });
  };
  let left = 0;
  const submitting = open.filter(submits);
  await Promise.all([
    takeInOrder(submitting, take),
    takeByKind(
      open.filter((item) => !submits(item)),
      async (items) => {
        left += await takeOneByOne(run, work, items, take, leave);
      },
    ),
  ]);
  return left;
}

/**
 * The kinds side by side: one that takes minutes, as the pools of a cluster do that changes, holds up no other. Within a kind what is
 * changed in one place is taken together.
 */
async function takeByKind(
  items: readonly ManifestItem[],
  take: (items: readonly ManifestItem[]) => Promise<void>,
): Promise<void> {
  const places = [...Map.groupBy(items, (item) => changedIn(item)).values()];
  const kinds = Map.groupBy(places, ([item]) => item?.kind);
  await Promise.all([...kinds.values()].map((ofKind) => pMap(ofKind, take, { concurrency: CONCURRENCY })));
}

/**
 * One after the other. Those that the run's time may not be enough for are left for the next look. Returns how many: none where
 * nothing got through and each was tried before, for the next look would get no further.
 */
async function takeOneByOne(
  { api }: Pick<SwitchRun, 'api'>,
  { wasTried }: Pick<Work, 'wasTried'>,
  items: readonly ManifestItem[],
  take: Take,
  leave: Take,
): Promise<number> {
  // One that was tried and does not show has held up the others once; what makes others is off before those are taken.
  const place = (item: ManifestItem): number => Number(wasTried(item)) * 2 + Number(!isOutermost(item));
  const inOrder = items.toSorted((a, b) => place(a) - place(b));
  const left: ManifestItem[] = [];
  let getsOn = false;
  let isFirst = true;
  for (const item of inOrder) {
    if (!isFirst && api.timeLeftMs() < MIN_LEFT_MS) left.push(await leave(item));
    else if (!isOpen(await take(item))) getsOn = true;
    // What only makes others bills nothing: the first that does is begun, however long that took.
    isFirst &&= isOutermost(item);
  }
  return getsOn || left.some((item) => !wasTried(item)) ? left.length : 0;
}

/** A kind after the other: what submits work again is off before that work is. */
async function takeInOrder(items: readonly ManifestItem[], take: Take): Promise<void> {
  const orders = [...new Set(items.map(orderOf))].sort((a, b) => a - b);
  for (const order of orders)
    await pMap(
      items.filter((item) => orderOf(item) === order),
      take,
      { concurrency: CONCURRENCY },
    );
}

async function takeItem(
  run: SwitchRun,
  config: Keeping,
  work: Work,
  item: ManifestItem,
): Promise<ManifestItem> {
  const parts = { taken: false };
  const { projectId, projectNumber: number } = run;
  if (!isBelow(item.resource, { projectId, number })) {
    const why = `it does not lie below projects/${projectId}: the manifest was changed by another process`;
    run.log('ERROR', `Left alone "${item.resource}": ${why}`, { runId: run.runId });
    return settled(item, { status: 'already', why });
  }
  try {
    if (item.kind === 'billing')
      throw new Error(`Cannot take away "${item.resource}": billing is unlinked by its own rung`);
    const taken = await takeSteps({ run, config, work, item, onTaken: () => (parts.taken = true) });
    return settled(item, { ...taken, atMs: takenAtMs(item, run.runtime.now()) });
  } catch (error) {
    run.failure(item.resource, error);
    const isTaken = parts.taken || work.wasTaken(item);
    return settled(item, { status: isTaken ? 'planned' : statusAfter(error), why: messageOf(error) });
  }
}

/** `done`: it was this switch that took the item away. */
interface Taken {
  readonly status: 'done' | 'already';
  /** Why it was left as it is. */
  readonly why?: string;
}

interface Taking {
  readonly run: SwitchRun;
  readonly config: Keeping;
  readonly work: Work;
  readonly item: ResourceItem;
  /** Told when a part of the item was taken away. */
  readonly onTaken: () => void;
}

/** One step after the other; what speaks against one of them ends it, and what was done before it must come back. */
async function takeSteps({ run, config, work, item, onTaken }: Taking): Promise<Taken> {
  const { runtime, api } = run;
  let status: Taken['status'] = 'already';
  for (const step of stopSteps(item)) {
    // Since it was planned, perhaps by an earlier delivery, an operator may have labelled it.
    const change = stepChange(
      api,
      item.resource,
      step,
      ({ labels }) => keptBy(labels, config, runtime.now()) ?? config.kept?.get(item.resource),
    );
    const changed = await changeState(
      { ...change, alreadyRequested: work.mayBeRequested(item), intend: () => work.intend(item) },
      {
        sleep: work.pause,
        random: runtime.random,
        nowMs: () => runtime.now().getTime(),
        confirmMs: SHOWS_LATE.has(item.kind) ? SHOWS_LATE_MS : SHOWS_MS,
      },
      work.lease,
    );
    // What was requested and does not show yet must come back if it takes effect after all.
    if (changed.kind === 'done' || (changed.kind === 'blocked' && changed.mayBeOurs)) {
      status = 'done';
      onTaken();
    }
    if (changed.kind === 'blocked') return { status, why: changed.why };
  }
  return { status };
}
