import { DAYS_PER_MONTH, GIB } from '../../../shared/prices/quantities.ts';
import { atRestPrice, minimumDays, movePrice } from '../../../shared/prices/storage-prices.ts';
import type { Range } from '../../../shared/units.ts';
import type { ReadRule } from '../rules/condition.ts';
import { exactly } from './forecast.ts';
import type { RuleChange } from './objects.ts';
import { addedRules, reachOf, type View } from './reach.ts';
import type { Cell } from './usage.ts';

/**
 * What a change of rules costs once on a cell: operations, and the rest of minimum durations. Metrics tell no ages, so that it
 * is between nothing and the most that its rules can cost. Undefined without a price or a count.
 */
export function onceBounds(cell: Cell, rules: RuleChange, view: View): Range | undefined {
  if (!isTouched(cell, rules, view)) return exactly(0);
  const [before, after] = [mostOf(cell, rules.before, view), mostOf(cell, rules.after, view)];
  if (before === undefined || after === undefined) return undefined;
  return { low: before === 0 ? 0 : -before, high: after };
}

/** Whether a rule that comes or goes may match a cell. */
export function isTouched(cell: Cell, rules: RuleChange, view: View): boolean {
  const changed = [...addedRules(rules), ...addedRules({ before: rules.after, after: rules.before })];
  return changed.some((rule) => reaches(rule, cell, view));
}

function reaches(rule: ReadRule, cell: Cell, view: View): boolean {
  return rule.type !== 'AbortIncompleteMultipartUpload' && reachOf(rule, cell, view) !== 'none';
}

function mostOf(cell: Cell, rules: readonly ReadRule[], view: View): number | undefined {
  const reached = rules.filter((rule) => reaches(rule, cell, view));
  const targets = new Set(reached.flatMap(({ type, to }) => (type === 'SetStorageClass' ? [to] : [])));
  const deletes = reached.filter(({ type }) => type === 'Delete');
  let usd = 0;
  for (const to of targets) {
    const price = movePrice(view.bucket, to);
    if (price === undefined || cell.count === undefined) return undefined;
    usd += price.usd * cell.count;
  }
  if (deletes.length === 0) return usd;
  const firstAge = Math.min(...deletes.map(({ condition }) => condition.age ?? 0));
  let early = 0;
  for (const storageClass of [cell.storageClass, ...targets]) {
    const months = Math.max(0, minimumDays(storageClass) - firstAge) / DAYS_PER_MONTH;
    const price = atRestPrice(view.bucket, storageClass);
    if (months > 0 && price === undefined) return undefined;
    early = Math.max(early, months * (price?.usd ?? 0) * (cell.bytes / GIB));
  }
  return usd + early;
}
