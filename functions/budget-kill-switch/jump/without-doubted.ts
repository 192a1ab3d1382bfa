import type { Rung } from '../../../shared/policy/policy.ts';
import type { Verdict } from '../decide.ts';
import type { Notification } from '../message/notification.ts';

type Counted = Exclude<Verdict, { kind: 'ignore' }>;

/** A figure that is not believed yet, in the budget's currency. */
export interface Doubt {
  readonly reported: Notification;
  /** The same with the last known figures, and when those were published. */
  readonly known: Notification;
  readonly knownMs: number;
  /** What follows from the reported figure, and what from the last known one. */
  readonly judged: Counted;
  readonly certain: Verdict;
}

/** Rungs that a doubted figure alone makes due: those wait. `notify` does not. Pure. */
export function doubtedRungs({ judged, certain }: Doubt): readonly Rung[] {
  const sure = new Set(certain.kind === 'due' ? certain.rungs.map((rung) => rung.do) : []);
  const due = judged.kind === 'due' ? judged.rungs : [];
  return due.filter((rung) => rung.do !== 'notify' && !sure.has(rung.do));
}

/** What is due all the same: by the last known figure, and `notify`. `text` says what waits. Pure. */
export function withoutDoubted(doubt: Doubt, text: string | undefined): Verdict {
  const { judged, certain } = doubt;
  if (certain.kind === 'ignore' || judged.kind !== 'due') return certain;
  const waiting = doubtedRungs(doubt);
  const rungs = judged.rungs.filter((rung) => !waiting.includes(rung));
  if (rungs.length === 0) return certain;
  const { shares, budgetAmount, ladder } = certain;
  return {
    ...{ kind: 'due', shares, budgetAmount, ladder, rungs, next: waiting[0] ?? judged.next },
    ...(text === undefined ? {} : { doubt: text }),
  };
}
