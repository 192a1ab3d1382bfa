import type { Judged, Verdict } from '../decide.ts';
import { judgeLook, type Estimated, type Look } from './estimated.ts';

type Counted = Exclude<Verdict, { kind: 'ignore' }>;

/** What an estimate says beside a message. Pure. */
export function estimatedOf(verdict: Counted, look: Look): Estimated {
  return judgeLook(verdict, look, verdict.kind === 'due' ? verdict.rungs : []);
}

/** Adds to what a message makes due what an estimate does. Pure. */
export function addEstimate(verdict: Counted, estimated: Estimated): Counted {
  const dueByMessage = verdict.kind === 'due' ? verdict.rungs : [];
  if (estimated.rungs.length === 0) return verdict.kind === 'due' ? { ...verdict, estimated } : verdict;
  const { ladder, shares, budgetAmount }: Judged = verdict;
  const rungs = ladder.filter(
    (rung) =>
      dueByMessage.some((one) => one.do === rung.do) || estimated.rungs.some((one) => one.do === rung.do),
  );
  const highest = rungs.at(-1);
  const next = ladder.find((rung) => highest !== undefined && rung.at > highest.at);
  const doubt = verdict.kind === 'due' && verdict.doubt !== undefined ? { doubt: verdict.doubt } : {};
  return { kind: 'due', shares, budgetAmount, ladder, rungs, next, estimated, ...doubt };
}
