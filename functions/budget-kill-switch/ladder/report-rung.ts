import type { LeftAlone, ManifestItem } from '../../../shared/state/manifest.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { Decision, OutcomeKind, ReceiptBuilder } from '../../../shared/run/receipt.ts';
import { isOpen } from './items.ts';

/** Writes into the receipt what a rung did with each item and what it left alone. */
export function report(
  receipt: ReceiptBuilder,
  rung: Rung,
  items: readonly ManifestItem[],
  left: readonly LeftAlone[],
  outcomeOf: (item: ManifestItem) => OutcomeKind,
): void {
  const leave = (resource: string, why: string): void => {
    receipt.keep(decisionOn(resource, 'keep', 'left-alone', { why, rung: rung.do }));
  };
  for (const item of items) {
    const { resource, kind, why } = item;
    // What is dealt with says why only where something spoke against it.
    if (why !== undefined && !isOpen(item)) leave(resource, why);
    else
      receipt.add({
        ...decisionOn(resource, ACTIONS[kind], reasonOf(rung), why === undefined ? {} : { why }),
        outcome: outcomeOf(item),
      });
  }
  for (const { resource, reason } of left) leave(resource, reason);
}

const ACTIONS: Readonly<Record<ManifestItem['kind'], string>> = {
  notebook: 'stop',
  vm: 'stop',
  'custom-job': 'cancel',
  'hyperparameter-tuning-job': 'cancel',
  'tuning-job': 'cancel',
  endpoint: 'undeploy',
  billing: 'unlink',
};

/** What a stop of these saves is not priced: the budget's own figures say what they cost. */
export function decisionOn(
  resource: string,
  action: string,
  reason: string,
  evidence: Readonly<Record<string, unknown>>,
): Decision {
  return { resource, action, reason, evidence, usdPerHour: 'unpriced' };
}

/** `rung-80-percent` */
export function reasonOf(rung: Rung): string {
  return `rung-${Number((rung.at * 100).toFixed(4))}-percent`;
}
