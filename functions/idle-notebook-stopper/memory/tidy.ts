import type { Run, Work } from '../../../shared/run/sweep.ts';
import { judgeNotebook, SETTLE_MINUTES } from '../decide.ts';
import { startedSince } from '../verdict/moments.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import type { NotebookMemory } from './memory.ts';

const MINUTE_MS = 60_000;

/** Longer than an event can run (`timeout` in function.yaml): a run that has not said by then what it did has died. */
const RUN_MS = 560_000;

/** States in which a stop, or a start, has nothing left to do. */
export const THERE: Readonly<Record<'stop' | 'start', ReadonlySet<string>>> = {
  stop: new Set(['STOPPING', 'STOPPED', 'SUSPENDING', 'SUSPENDED', 'DELETED']),
  start: new Set(['STARTING', 'PROVISIONING', 'INITIALIZING', 'ACTIVE']),
};

/** A stop or start that took place, and whose run ended before it could say so. */
export interface Untold {
  readonly facts: NotebookFacts;
  readonly action: 'stop' | 'start';
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
  }
  return { after, untold };
}

function isRecent({ warnedAtMs = 0, stop, start }: NotebookMemory, run: Run): boolean {
  const latest = Math.max(warnedAtMs, stop?.claimedAtMs ?? 0, start?.claimedAtMs ?? 0);
  return run.startedAt.getTime() - latest < SETTLE_MINUTES * MINUTE_MS;
}

function stillHolds(memory: NotebookMemory, facts: NotebookFacts, config: Config, run: Run): NotebookMemory {
  const { warnedAtMs, stop, start } = memory;
  const [verdict] = judgeNotebook(facts, config, run.startedAt);
  const stillIdle =
    verdict?.action === 'warn' ||
    verdict?.action === 'stop' ||
    verdict?.reason === 'warned' ||
    verdict?.reason === 'not-evaluable';
  const stopHolds = stop !== undefined && !startedSince(facts, stop.claimedAtMs);
  const kept = stopHolds ? start : undefined;
  const isUnsaid = start !== undefined && start.requestedAtMs === undefined && THERE.start.has(facts.state);
  const said = isUnsaid ? saidBy(start, run) : kept;
  return {
    ...(warnedAtMs !== undefined && stillIdle ? { warnedAtMs } : {}),
    ...(stopHolds ? { stop: settledStop(stop, facts, run) } : {}),
    ...(said === undefined ? {} : { start: said }),
  };
}

type Stop = NonNullable<NotebookMemory['stop']>;

/** The run that claimed it died after its request: without a time, it would not show that the stop takes too long. */
function settledStop(stop: Stop, { state }: NotebookFacts, run: Run): Stop {
  if (!THERE.stop.has(state)) return stop;
  const settled: Stop =
    stop.requestedAtMs === undefined ? { ...stop, requestedAtMs: stop.claimedAtMs, untold: true } : stop;
  return settled.untold === true ? (saidBy(settled, run) ?? settled) : settled;
}

/** Unchanged while the run that claimed it may be at work; undefined where another run has said it. */
function saidBy<Record extends { readonly claimedAtMs: number; readonly toldBy?: string | undefined }>(
  record: Record,
  { runId, runtime }: Run,
): Record | undefined {
  if (record.toldBy !== undefined) return record.toldBy === runId ? record : undefined;
  const isOver = runtime.now().getTime() - record.claimedAtMs >= RUN_MS;
  return isOver ? { ...record, toldBy: runId } : record;
}
