import { percentText } from '../units.ts';
import type { Grace } from './manifest.ts';

/** Until when the rungs of a project are not in force: `until 56 % of the budget is spent`. */
export function graceText({ untilMs, untilShare }: Pick<Grace, 'untilMs' | 'untilShare'>): string {
  const ends = [
    ...(untilShare === undefined ? [] : [`until ${percentText(untilShare)} of the budget is spent`]),
    ...(untilMs === undefined ? [] : [`until ${new Date(untilMs).toISOString()}`]),
  ];
  return ends.join(' or ');
}
