import type { Notice } from '../../../shared/notify/notice.ts';
import { formatUsdPerHour } from '../../../shared/prices/money.ts';
import { momentText } from '../../../shared/report/numbers.ts';
import type { Ledger, Untold } from '../../../shared/spend/ledger.ts';
import type { Anomaly } from './judge.ts';

/** A higher burn than this many times the one that was told is news again within the day. */
const NEWS_FACTOR = 2;
const DAY_MS = 86_400_000;
/** Beside idle GPUs, of which there are no more than what runs. */
const MAX_TOLD = 200;
const MAX_UNTOLD = 50;

/** The function's timeout: a run that took an anomaly has told it by then, or died. */
const TAKEN_MS = 240_000;

/** What is to be told of a look. */
export interface News {
  /** What this run tells: what the look found, and what no run before could tell. */
  readonly news: readonly Untold[];
  /** What could not be told for a day, or was too much to keep: it is given up. */
  readonly lost: readonly Untold[];
  /** The ledger that remembers both. */
  readonly ledger: Ledger;
}

/**
 * Takes a look's anomalies, and what no run could tell before, to be told by this run: {@link afterTelling} remembers that it did. What is
 * not there any more may be told again. Pure.
 */
export function chooseNews(ledger: Ledger, anomalies: readonly Anomaly[]): News {
  const atMs = ledger.lookedMs;
  const told = toldNow(ledger);
  const kept = (ledger.untold ?? []).filter(({ foundMs }) => atMs - foundMs < DAY_MS);
  const waits = new Set(kept.map(({ key }) => key));
  const found = anomalies.filter(({ key, kind, usdPerHour }) => {
    const last = told[key];
    const isNews =
      last === undefined || (kind === 'burn-rose' && usdPerHour >= NEWS_FACTOR * last.usdPerHour);
    return isNews && !waits.has(key);
  });
  const pending: readonly Untold[] = [...kept, ...found.map((one) => ({ ...one, foundMs: atMs }))];
  const all = withinLimit(pending);
  const untold = all.map((one) => (isTaken(one, atMs) ? one : { ...one, takenMs: atMs }));
  const isSame = untold.length === 0 && Object.keys(told).length === Object.keys(ledger.told ?? {}).length;
  return {
    news: untold.filter((one, index) => one !== all[index]),
    lost: [...new Set([...(ledger.untold ?? []), ...pending])].filter(
      (one) => !all.includes(one) && !isFoundAgain(one, atMs),
    ),
    ledger: isSame && ledger.untold === undefined ? ledger : { ...withUntold(ledger, untold), told },
  };
}

/** What one notice takes: idle GPUs come last. In their order. */
function withinLimit(pending: readonly Untold[]): readonly Untold[] {
  const others = pending.filter(({ kind }) => kind !== 'idle-gpu').slice(-MAX_UNTOLD);
  const idle = pending.filter(({ kind }) => kind === 'idle-gpu').slice(0, MAX_UNTOLD - others.length);
  const taken = new Set([...others, ...idle]);
  return pending.filter((one) => taken.has(one));
}

/** An idle GPU for which there was no room: the next look at the load finds it again. */
function isFoundAgain({ kind, foundMs }: Untold, atMs: number): boolean {
  return kind === 'idle-gpu' && foundMs === atMs;
}

/** The ledger once a run told its news, or no channel took them: then the next look tells them. Pure. */
export function afterTelling(ledger: Ledger, news: readonly Untold[], isTold: boolean): Ledger {
  const mine = (one: Untold): boolean =>
    news.some(({ key, takenMs }) => one.key === key && one.takenMs === takenMs);
  const { untold = [] } = ledger;
  if (!isTold)
    return withUntold(
      ledger,
      untold.map((one) => (mine(one) ? { ...one, takenMs: undefined } : one)),
    );
  const told = Object.entries({
    ...ledger.told,
    ...Object.fromEntries(
      news.map(({ key, usdPerHour, takenMs, foundMs }) => [key, { atMs: takenMs ?? foundMs, usdPerHour }]),
    ),
  });
  const idle = told.filter(([key]) => isIdle(key));
  const others = told.filter(([key]) => !isIdle(key)).sort(([, a], [, b]) => a.atMs - b.atMs);
  return {
    ...withUntold(
      ledger,
      untold.filter((one) => !mine(one)),
    ),
    told: Object.fromEntries([...idle, ...others.slice(-MAX_TOLD)]),
  };
}

/** What no channel took yet. Pure. */
export function notTold({ untold = [] }: Ledger, nowMs: number): readonly Untold[] {
  return untold.filter((one) => !isTaken(one, nowMs));
}

/** Of what was told what still counts. */
function toldNow({ told = {}, running: all, lookedMs }: Ledger): NonNullable<Ledger['told']> {
  const running = new Map(all.map((one) => [`idle ${one.resource}`, one]));
  return Object.fromEntries(
    Object.entries(told).filter(([key, { atMs }]) =>
      isIdle(key)
        ? (running.get(key)?.startedMs ?? (running.has(key) ? 0 : Infinity)) <= atMs
        : lookedMs - atMs < DAY_MS,
    ),
  );
}

function isIdle(key: string): boolean {
  return key.startsWith('idle ');
}

function isTaken({ takenMs }: Untold, nowMs: number): boolean {
  return takenMs !== undefined && Math.abs(nowMs - takenMs) < TAKEN_MS;
}

/** A ledger that remembers these to be told. Pure. */
export function withUntold(ledger: Ledger, untold: readonly Untold[]): Ledger {
  if (untold.length > 0) return { ...ledger, untold: [...untold] };
  return ledger.untold === undefined ? ledger : { ...ledger, untold: undefined };
}

/** One message for what a look has to tell. Its id is that of the last look that found some of it: the same when it is sent again. */
export function noticeOf(projectId: string, news: readonly Untold[]): Notice {
  const lastMs = Math.max(...news.map(({ foundMs }) => foundMs));
  return {
    id: `spend-watch/${projectId}/${lastMs}`,
    functionName: 'spend-watch',
    title: `Spend of ${projectId}: ${news.map(titleOf).join(', ')}`,
    items: news.map((one) => ({
      ...{ resource: one.resource, owner: one.owner, action: one.kind },
      text: isLate(one)
        ? `${one.says} Seen at ${momentText(new Date(one.foundMs).toISOString())}.`
        : one.says,
    })),
  };
}

function isLate({ foundMs, takenMs = foundMs }: Untold): boolean {
  return takenMs > foundMs;
}

function titleOf({ kind, usdPerHour }: Untold): string {
  switch (kind) {
    case 'burn-rose':
      return `the burn rose to ${formatUsdPerHour(usdPerHour)}`;
    case 'idle-gpu':
      return `an idle GPU for ${formatUsdPerHour(usdPerHour)}`;
    case 'new-kind':
      return 'a new kind of resource';
  }
}
