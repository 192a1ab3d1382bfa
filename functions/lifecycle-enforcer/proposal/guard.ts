import { percentText } from '../../../shared/units.ts';
import type { Config } from '../config.ts';
import type { Forecast } from '../forecast/forecast.ts';
import { readRule, type ReadRule } from '../rules/condition.ts';
import type { Merge } from '../rules/merge.ts';
import type { BlockedRule, Refusal } from './refuse.ts';

/** What the contents of a bucket speak against: some of the new rules, or the change as a whole. */
export interface Guard {
  readonly held: readonly BlockedRule[];
  readonly refusal?: Refusal;
}

/**
 * Why new rules are not written: they would at once delete more than the policy allows, or it is unknown whether they
 * would. With `maxDeletedShare: 1` there is nothing to tell.
 */
export function deletesTooMuch(
  merge: Merge,
  forecast: Forecast | undefined,
  config: Config,
): Refusal | undefined {
  const { maxDeletedShare } = config;
  const guarded = guardedRules(merge);
  if (maxDeletedShare >= 1 || guarded.every(({ type }) => type !== 'Delete')) return undefined;
  const cannotRead = guarded.flatMap(({ type, unknown }) => (type === 'Delete' ? unknown : []));
  const hint = config.simulate === 'metrics' ? 'set simulate: objects' : 'see what is listed as incomplete';
  if (forecast === undefined || cannotRead.length > 0)
    return {
      reason: 'deleted-share-unknown',
      why: `how much the new rules would delete at once is unknown${cannotRead.length > 0 ? ` (${cannotRead.join(', ')})` : ''}; ${hint}, or maxDeletedShare: 1`,
    };
  const { low, high } = forecast.deletedShare;
  if (low > maxDeletedShare)
    return {
      reason: 'max-deleted-share',
      why: `the new rules would at once delete ${percentText(low)} of its bytes; maxDeletedShare is ${percentText(maxDeletedShare)}`,
    };
  if (high <= maxDeletedShare) return undefined;
  return {
    reason: 'deleted-share-unknown',
    why: `the new rules would at once delete ${percentText(low)} to ${percentText(high)} of its bytes, and maxDeletedShare is ${percentText(maxDeletedShare)}; ${hint}, or maxDeletedShare: 1`,
  };
}

/** The new rules; and where moves come or go, all that wait for a class. */
function guardedRules({ rules, added, removed }: Merge): readonly ReadRule[] {
  const moves = [...added, ...removed].some(({ action }) => action.type === 'SetStorageClass');
  return rules
    .filter(
      (rule) => added.includes(rule) || (moves && rule.condition?.['matchesStorageClass'] !== undefined),
    )
    .map(readRule);
}
