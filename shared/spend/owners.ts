import type { Band } from './band.ts';
import type { Late } from './checkpoints.ts';
import type { OwnerSpend } from './ledger.ts';
import { billingStart } from './pacific.ts';

const HOUR_MS = 3_600_000;

/** Values of a label are free text: more owners than this are one line. */
const MAX_OWNERS = 50;

/** Neither can be the value of a label, which has no spaces. */
export const NO_OWNER = 'no owner';
export const OTHER_OWNERS = 'other owners';

/** What one resource accrued since the last look. */
export interface OwnedPart {
  readonly owner: string | undefined;
  readonly usd: Band;
  /** What ran unseen, up to the last look. */
  readonly late: readonly Late[];
}

type Owners = Readonly<Record<string, OwnerSpend>>;

/** What accrued by owner since the billing day and month began, after an interval between two looks. Pure. */
export function accrueOwners(
  before: Owners = {},
  parts: readonly OwnedPart[],
  interval: { readonly fromMs: number; readonly toMs: number },
): Record<string, OwnerSpend> {
  const day = sinceStart(billingStart('day', interval.toMs), interval);
  const month = sinceStart(billingStart('month', interval.toMs), interval);
  const after = new Map<string, OwnerSpend>();
  const add = (owner: string, dayUsd: number, monthUsd: number): void => {
    const was = after.get(owner) ?? { dayUsd: 0, monthUsd: 0 };
    after.set(owner, { dayUsd: was.dayUsd + dayUsd, monthUsd: was.monthUsd + monthUsd });
  };
  for (const [owner, { dayUsd, monthUsd }] of Object.entries(before))
    add(owner, day.carries ? dayUsd : 0, month.carries ? monthUsd : 0);
  for (const part of parts) add(part.owner ?? NO_OWNER, day.share(part), month.share(part));
  return largest(
    [...after]
      // What is taken back of a job that failed may be of the day before.
      .map(([owner, { dayUsd, monthUsd }]) => [owner, { dayUsd: Math.max(0, dayUsd), monthUsd }] as const)
      .filter(([, { monthUsd }]) => monthUsd > 0),
  );
}

interface SinceStart {
  /** Whether what was counted before still lies in the period. */
  readonly carries: boolean;
  /** What of a part does. */
  readonly share: (part: OwnedPart) => number;
}

function sinceStart(
  startMs: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): SinceStart {
  const within = (toMs - Math.max(fromMs, startMs)) / (toMs - fromMs);
  const lateUsd = ({ late }: OwnedPart): number =>
    late.reduce(
      (sum, one) =>
        sum +
        one.usdPerHour.expected *
          (Math.max(0, Math.min(fromMs, one.untilMs ?? fromMs) - Math.max(one.fromMs, startMs)) / HOUR_MS),
      0,
    );
  return {
    carries: startMs <= fromMs,
    share: (part) => part.usd.expected * within + lateUsd(part),
  };
}

function largest(all: readonly (readonly [string, OwnerSpend])[]): Record<string, OwnerSpend> {
  if (all.length <= MAX_OWNERS) return Object.fromEntries(all);
  const named = all
    .filter(([owner]) => owner !== OTHER_OWNERS)
    .sort(([, a], [, b]) => b.monthUsd - a.monthUsd);
  const others = [...named.slice(MAX_OWNERS - 1), ...all.filter(([owner]) => owner === OTHER_OWNERS)];
  const sum = (of: (one: OwnerSpend) => number): number =>
    others.reduce((total, [, one]) => total + of(one), 0);
  return {
    ...Object.fromEntries(named.slice(0, MAX_OWNERS - 1)),
    [OTHER_OWNERS]: { dayUsd: sum(({ dayUsd }) => dayUsd), monthUsd: sum(({ monthUsd }) => monthUsd) },
  };
}
