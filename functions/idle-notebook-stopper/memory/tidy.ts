import type { Run, Work } from '../../../shared/run/sweep.ts';
import { judgeNotebook, SETTLE_MINUTES } from '../decide.ts';
import { neverLeft, startedSince } from '../verdict/moments.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { TIMEOUT_KEY } from '../native-idle-shutdown.ts';
import type { NotebookMemory } from './memory.ts';

const MINUTE_MS = 60_000;

/** Longer than an event can run (`timeout` in function.yaml): a run that has not said by then what it did has died. */
const RUN_MS = 560_000;

/** States in which a stop, or a start, has nothing left to do. */
export const THERE: Readonly<Record<'stop' | 'start', ReadonlySet<string>>> = {
  stop: new Set(['STOPPING', 'STOPPED', 'SUSPENDING', 'SUSPENDED', 'DELETED']),
  start: new Set(['STARTING', 'PROVISIONING', 'INITIALIZING', 'ACTIVE']),
};

/** A stop, start or repair that took place, and whose run ended before it could say so. */
export interface Untold {
  readonly facts: NotebookFacts;
  readonly action: 'stop' | 'start' | 'repair';
  readonly reason: string;
  readonly runId: string;
  readonly claimedAtMs: number;
}

/**
 * Drops what no longer holds: warnings of notebooks that became busy, stops of notebooks that run again or are gone. `untold`: what took
 * place unsaid, and is noted as said by this run.
 */
export function tidy(
  before: Readonly<Record<string, NotebookMemory>>,
  run: Run,
  config: Config,
  work: Work<NotebookFacts>,
): { readonly after: Record<string, NotebookMemory>; readonly untold: readonly Untold[] } {
  const seen = new Map(work.watched.map((facts) => [facts.name, facts]));
  const after: Record<string, NotebookMemory> = {};
  const untold: Untold[] = [];
  for (const [name, memory] of Object.entries(before)) {
    const facts = seen.get(name);
    // Not seen: a parallel run remembered it just now, its location was unreachable, or it is gone.
    if (facts === undefined) {
      if (!work.complete || isRecent(memory, run)) after[name] = memory;
      continue;
    }
    const kept = stillHolds(memory, facts, config, run);
    if (Object.keys(kept).length > 0) after[name] = kept;
    if (kept.stop?.toldBy === run.runId) untold.push({ facts, action: 'stop', ...kept.stop });
    if (kept.start?.toldBy === run.runId)
      untold.push({ facts, action: 'start', reason: 'working-hours', ...kept.start });
    if (kept.repair?.toldBy === run.runId) untold.push({ facts, action: 'repair', ...kept.repair });
  }
  return { after, untold };
}

function isRecent({ warnedAtMs = 0, stop, start, repair }: NotebookMemory, run: Run): boolean {
  const claims = [stop, start, repair].map((record) => record?.claimedAtMs ?? 0);
  const latest = Math.max(warnedAtMs, ...claims);
  return run.startedAt.getTime() - latest < SETTLE_MINUTES * MINUTE_MS;
}

function stillHolds(memory: NotebookMemory, facts: NotebookFacts, config: Config, run: Run): NotebookMemory {
  const { warnedAtMs, stop, start, repair } = memory;
  const [verdict] = judgeNotebook(facts, config, run.startedAt);
  const stillIdle =
    verdict?.action === 'warn' ||
    verdict?.action === 'stop' ||
    verdict?.reason === 'warned' ||
    verdict?.reason === 'not-evaluable';
  const stopHolds = stop !== undefined && !startedSince(facts, stop.claimedAtMs);
  const kept = stopHolds ? start : undefined;
  const isUnsaid = start !== undefined && !neverLeft(start) && THERE.start.has(facts.state);
  const said = isUnsaid ? (saidBy(start, run) ?? kept) : kept;
  const settled = stopHolds ? settledStop(stop, facts, run) : undefined;
  const repaired = repair === undefined ? undefined : settledRepair(repair, facts, run);
  return {
    ...(warnedAtMs !== undefined && stillIdle ? { warnedAtMs } : {}),
    ...(settled === undefined ? {} : { stop: settled }),
    ...(said === undefined ? {} : { start: said }),
    ...(repaired === undefined ? {} : { repair: repaired }),
  };
}

type Stop = NonNullable<NotebookMemory['stop']>;

/**
 * The run that claimed it died after its request: without a time, it would not show that the stop takes too long. Where its request
 * never left another one stopped it, and the claim is forgotten.
 */
function settledStop(stop: Stop, { state }: NotebookFacts, run: Run): Stop | undefined {
  // A request that shows no effect by now had none: what stops it later is another's doing.
  if (!THERE.stop.has(state))
    return stop.requestedAtMs === undefined && !isRecent({ stop }, run) ? undefined : stop;
  if (neverLeft(stop)) return isOver(stop, run) ? undefined : stop;
  const settled: Stop =
    stop.requestedAtMs === undefined ? { ...stop, requestedAtMs: stop.claimedAtMs, untold: true } : stop;
  return settled.untold === true ? (saidBy(settled, run) ?? settled) : settled;
}

/** A repair of another run; undefined where that was said, or did not take place by it. */
function settledRepair(
  repair: NonNullable<NotebookMemory['repair']>,
  { metadata }: NotebookFacts,
  run: Run,
): NotebookMemory['repair'] {
  if (!isOver(repair, run)) return repair;
  return metadata[TIMEOUT_KEY] === repair.desired && !neverLeft(repair) ? saidBy(repair, run) : undefined;
}

/** Unchanged while the run that claimed it may be at work; undefined where another run has said it. */
function saidBy<Record extends { readonly claimedAtMs: number; readonly toldBy?: string | undefined }>(
  record: Record,
  run: Run,
): Record | undefined {
  const { runId } = run;
  if (record.toldBy !== undefined) return record.toldBy === runId ? record : undefined;
  return isOver(record, run) ? { ...record, toldBy: runId } : record;
}

/** Whether the run that claimed it has died, or said what it did. */
function isOver({ claimedAtMs }: { readonly claimedAtMs: number }, { runtime }: Run): boolean {
  return runtime.now().getTime() - claimedAtMs >= RUN_MS;
}
