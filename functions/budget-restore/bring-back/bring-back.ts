import pMap from 'p-map';
import { messageOf } from '../../../shared/errors.ts';
import { BusyError, isRetryable } from '../../../shared/google/google-api-error.ts';
import type { ReceiptBuilder } from '../../../shared/run/receipt.ts';
import { isBelow } from '../../../shared/state/manifest.ts';
import { restoreBilling, type Restored } from '../act.ts';
import { lineOf, record, type AnswerLine } from '../answer-line.ts';
import { planRestore, type RestoreStep } from '../decide.ts';
import { changedIn, isOutermost } from '../../../shared/state/manifest-item.ts';
import type { Holder } from '../../../shared/state/holders.ts';
import type { State } from '../../../shared/state/state.ts';
import { openBooks, type Books } from '../remember.ts';
import type { RestoreRun } from '../run.ts';
import { lookAt, type BringBackTask, type DueStep } from './by-steps.ts';
import { restoreEndpoint } from './endpoint.ts';
import { explainPending } from './explain-pending.ts';
import { heldElsewhere, leaveHeld } from './held-elsewhere.ts';
import { inRounds } from './in-rounds.ts';
import { requestStep } from './request-step.ts';
import { wayBackOf } from './way-back.ts';

/** Starts and deployments at the same time. */
export const CONCURRENCY = 8;

/** Carries out what the manifest says now: another run may have brought things back since the request came. */
export async function bringBackHeld(
  run: RestoreRun,
  state: State,
  receipt: ReceiptBuilder,
  lines: AnswerLine[],
): Promise<void> {
  const manifest = run.lease.manifest();
  const held = await heldElsewhere(run, state, manifest);
  const steps = leaveHeld(planRestore(manifest, wayBackOf), held);
  const books = openBooks(run, state, held);
  const settle = (step: RestoreStep, line: AnswerLine): void => {
    lines.push(line);
    record(receipt, step, line);
    books.note(step.item, line.outcome);
  };
  const links = steps.filter(({ action }) => action === 'relink');
  const linked = await pMap(links, async (step) => {
    const line = await carry(run, step, () => restoreOne(run, step, books));
    settle(step, line);
    return line;
  });
  const others = steps.filter(({ action }) => action !== 'relink');
  // Without billing every start would be refused; the next request goes on from here. Linked to another account by an operator is
  // left so, and is billing too.
  if (linked.every(({ outcome }) => outcome !== 'failed'))
    await bringAllBack(run, others, held, books, settle);
  else
    for (const step of others)
      lines.push(lineOf(step, 'left', 'billing is not back yet: send the request again'));
  // What is back is back: where it cannot be noted, the next request finds it so.
  await books.save();
}

/** Starts go on side by side, in rounds; deployments of models wait each for themselves. */
async function bringAllBack(
  run: RestoreRun,
  steps: readonly RestoreStep[],
  held: readonly Holder[],
  books: Books,
  settle: (step: RestoreStep, line: AnswerLine) => void,
): Promise<void> {
  const starting = steps.flatMap((step) => taskOf(step, held) ?? []);
  const started = new Set(starting.map(({ step }) => step));
  const lastWhy = new Map<RestoreStep, string>();
  const open = new Set(started);
  const missed = new Set<RestoreStep>();
  const due = new Map<RestoreStep, DueStep>();
  const goOn = async (step: RestoreStep, work: () => Promise<Restored>): Promise<'settled' | 'pending'> => {
    const line = await carry(run, step, () => noteMissed(work, () => missed.add(step)));
    if (line.outcome === 'pending') {
      lastWhy.set(step, line.why ?? '');
      return 'pending';
    }
    lastWhy.delete(step);
    if (!missed.has(step)) open.delete(step);
    settle(step, line);
    return 'settled';
  };
  const look = async ({ step, task }: Starting): Promise<'settled' | 'pending' | 'due'> => {
    due.delete(step);
    const state = await goOn(step, async () => {
      const waits = waitsForInner(step, open, missed);
      if (waits !== undefined) return waits;
      const seen = await lookAt(run, task, books.starts);
      if (seen.kind !== 'due') return seen;
      const before = othersIn(step, due.keys());
      if (before !== undefined) {
        // Not intended any more: it is looked at anew in the next round.
        books.starts.set(seen.key, seen.earlier);
        return { kind: 'pending', why: `${before.item.resource} is changed first, in the same place` };
      }
      due.set(step, seen);
      return { kind: 'pending', why: `${seen.step.name} is due` };
    });
    return due.has(step) ? 'due' : state;
  };
  const request = async ({ step, task }: Starting): Promise<'settled' | 'pending'> => {
    const next = due.get(step);
    due.delete(step);
    return next === undefined ? 'pending' : goOn(step, () => requestStep(run, task, next, books.starts));
  };
  await Promise.all([
    inRounds(run, starting, CONCURRENCY, { look, request, save: () => books.starts.save() }),
    pMap(
      steps.filter((step) => !started.has(step)),
      async (step) => {
        settle(step, await carry(run, step, () => restoreOne(run, step, books)));
      },
      { concurrency: CONCURRENCY },
    ),
  ]);
  for (const [step, why] of await explainAll(run, starting, lastWhy, books))
    settle(step, lineOf(step, 'pending', why));
}

/** What makes others of its place comes back behind these: pending while one is on its way. Throws `BusyError` where one is not back. */
function waitsForInner(
  step: RestoreStep,
  open: ReadonlySet<RestoreStep>,
  missed: ReadonlySet<RestoreStep>,
): Restored | undefined {
  const inner = isOutermost(step.item) ? othersIn(step, open) : undefined;
  if (inner === undefined) return undefined;
  const why = `${inner.item.resource} comes back first`;
  if (missed.has(inner)) throw new BusyError(`${why}, and is not back: send the request again`);
  return { kind: 'pending', why };
}

/** Calls `note` where `work` fails with what another request may get through. Throws what `work` does. */
async function noteMissed<T>(work: () => Promise<T>, note: () => void): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isRetryable(error)) note();
    throw error;
  }
}

/** Why each that is not settled is pending, by step. */
async function explainAll(
  run: RestoreRun,
  starting: readonly Starting[],
  lastWhy: ReadonlyMap<RestoreStep, string>,
  { starts }: Books,
): Promise<readonly (readonly [RestoreStep, string])[]> {
  return pMap(
    starting.filter(({ step }) => lastWhy.has(step)),
    async ({ step, task }) =>
      [step, await explainPending(run, task, starts, lastWhy.get(step) ?? '')] as const,
    { concurrency: CONCURRENCY },
  );
}

/** Another one that is changed in the same place; undefined where there is none. */
function othersIn(step: RestoreStep, steps: Iterable<RestoreStep>): RestoreStep | undefined {
  return [...steps].find((other) => other !== step && changedIn(other.item) === changedIn(step.item));
}

interface Starting {
  readonly step: RestoreStep;
  readonly task: BringBackTask;
}

/** Undefined for what does not come back by the steps of its kind. */
function taskOf(step: RestoreStep, held: readonly Holder[]): Starting | undefined {
  const { item } = step;
  if (step.action !== 'start' || item.kind === 'billing') return undefined;
  const back = wayBackOf(item);
  if (back.kind !== 'steps') return undefined;
  const task = {
    item,
    steps: back.steps,
    held,
    next: 0,
    isOurs: false,
    isUntold: false,
    requested: undefined,
  };
  return { step, task };
}

async function restoreOne(run: RestoreRun, { item, why }: RestoreStep, books: Books): Promise<Restored> {
  if (item.kind === 'billing') return restoreBilling(run, item);
  if (item.kind === 'endpoint') return restoreEndpoint(run, item, books.journal(item));
  return { kind: 'left', why: why ?? 'there is no way to bring it back' };
}

/** One thing, judged once more right before it is touched; what it throws becomes its line. */
async function carry(run: RestoreRun, step: RestoreStep, work: () => Promise<Restored>): Promise<AnswerLine> {
  if (step.action === 'none') return lineOf(step, 'left', step.why);
  if (!isBelow(step.item.resource, run.project)) {
    const why = `it does not lie below projects/${step.project}: the manifest was changed by another process`;
    run.log('ERROR', `Left alone "${step.item.resource}": ${why}`);
    return lineOf(step, 'left', why);
  }
  try {
    const restored = await work();
    return lineOf(step, restored.kind, restored.why);
  } catch (error) {
    return lineOf(step, 'failed', messageOf(error));
  }
}
