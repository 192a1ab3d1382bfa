import { keepsUntil } from '../../../shared/policy/keep-label.ts';
import type { Config } from '../config.ts';

/** What the keep label says against taking something away; undefined when it says nothing. */
export function keptBy(
  labels: Readonly<Record<string, string>>,
  { keepLabel }: Pick<Config, 'keepLabel'>,
  now: Date,
): string | undefined {
  const { keeps, why } = keepsUntil(labels[keepLabel], now);
  return keeps ? `label ${keepLabel}: ${why}` : undefined;
}
