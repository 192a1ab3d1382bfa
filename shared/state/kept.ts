import { keepsUntil } from '../policy/keep-label.ts';
import type { BudgetsPolicy } from '../policy/policy.ts';
import type { RunningResource } from '../resources/kind.ts';

type KeepLabel = Pick<BudgetsPolicy, 'keepLabel'>;

/** What the keep label says against stopping something; undefined when it says nothing. */
export function keptBy(
  labels: Readonly<Record<string, string>>,
  { keepLabel }: KeepLabel,
  now: Date,
): string | undefined {
  const { keeps, why } = keepsUntil(labels[keepLabel], now);
  return keeps ? `label ${keepLabel}: ${why}` : undefined;
}

/** Why each is kept, by resource: by a label of its own, of what belongs to it, or of what it belongs to. Pure. */
export function keptOf(
  resources: readonly RunningResource[],
  config: KeepLabel,
  now: Date,
): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const { resource, labels, memberLabels } of resources) {
    const why = [labels, ...memberLabels]
      .map((one) => keptBy(one, config, now))
      .find((one) => one !== undefined);
    if (why !== undefined) own.set(resource, why);
  }
  const kept = new Map(own);
  for (const { resource, partOf } of resources) {
    const ofOwner = partOf === undefined ? undefined : own.get(partOf.resource);
    if (partOf !== undefined && ofOwner !== undefined && !own.has(resource))
      kept.set(resource, `belongs to ${partOf.resource}, kept by ${ofOwner}`);
  }
  return kept;
}
