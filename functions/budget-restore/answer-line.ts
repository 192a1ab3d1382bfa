import type { OutcomeKind, ReceiptBuilder } from '../../shared/run/receipt.ts';
import type { RestoreStep } from './decide.ts';

/** One line of the answer. */
export interface AnswerLine {
  readonly project: string;
  readonly resource: string;
  readonly action: RestoreStep['action'];
  readonly outcome: OutcomeKind | 'left' | 'pending';
  readonly why?: string;
  readonly losses?: readonly string[];
  /** E-mail addresses of the accounts that an endpoint's models run as. */
  readonly serviceAccounts?: readonly string[];
}

/** What the answer says about a step. */
export function lineOf(
  { project, item, action, losses }: RestoreStep,
  outcome: AnswerLine['outcome'],
  why: string | undefined,
): AnswerLine {
  return {
    project,
    resource: item.resource,
    action,
    outcome,
    ...(why === undefined ? {} : { why }),
    ...(losses.length > 0 ? { losses } : {}),
  };
}

/** In the receipt; what comes back does so for the restore. */
const REASONS: ReadonlyMap<AnswerLine['outcome'], string> = new Map([
  ['left', 'left-away'],
  ['pending', 'on-its-way'],
]);

/** What the receipt says about it. */
export function record(receipt: ReceiptBuilder, step: RestoreStep, { outcome, why }: AnswerLine): void {
  const decision = {
    resource: step.item.resource,
    action: step.action === 'none' || outcome === 'left' ? 'keep' : step.action,
    reason: REASONS.get(outcome) ?? 'restore',
    evidence: {
      ...(why === undefined ? {} : { why }),
      ...(step.losses.length > 0 ? { losses: step.losses } : {}),
    },
    usdPerHour: 'unpriced' as const,
  };
  if (outcome === 'left') receipt.keep(decision);
  else receipt.add({ ...decision, outcome: outcome === 'pending' ? 'planned' : outcome });
  if (outcome === 'pending') receipt.incomplete({ where: step.item.resource, why: why ?? '' });
  if (outcome === 'failed') receipt.fail({ resource: step.item.resource, error: why ?? '' });
}
