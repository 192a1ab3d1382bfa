import type { Rung } from '../../../shared/policy/policy.ts';
import { leftText } from '../../../shared/resources/left-burning.ts';
import type { Firing } from './fire.ts';
import type { RungPlan } from './ladder.ts';
import type { FreshPlan } from './plan-now.ts';

/** The alert names what the rung will leave running, too. */
export function alertOf(
  { run, text }: Firing,
  rung: Rung,
  verb: string,
  { burning, nothingLeft }: FreshPlan,
  why: string,
): string {
  if (nothingLeft !== undefined)
    return `${rung.do} has nothing left to do on ${run.projectId}: ${nothingLeft}. ${text}`;
  const left = leftText(burning);
  return `${rung.do} ${verb} on ${run.projectId}${why === '' ? '' : `, for ${why}`}: ${text}${left === '' ? '' : ` Not stopped by it: ${left}.`}`;
}

/** What a rung does: fires, goes on, or holds. */
export function verbOf(earlier: RungPlan | undefined, wasFired: boolean): string {
  if (wasFired) return 'takes away again what came back';
  return earlier === undefined ? 'fires' : 'goes on';
}
