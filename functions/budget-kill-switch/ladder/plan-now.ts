import type { Rung } from '../../../shared/policy/policy.ts';
import { readManifest, type LeftAlone, type Manifest } from '../../../shared/state/manifest.ts';
import { judgePayer } from '../../../shared/google/billing.ts';
import { accountOf } from '../../../shared/google/resource-name.ts';
import { gatherInventory } from '../gather.ts';
import type { Firing } from './fire.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { keyOf } from './hold.ts';
import type { RungPlan } from './ladder.ts';
import { planRung, type ProjectPlan } from './plan-rung.ts';
import { decisionOn } from './report-rung.ts';
import { incompleteText, MAX_SHOWN, placeText, toUnseen, type Unseen } from './unseen.ts';

/** A plan from what is there now, and what could not be looked at. */
export interface FreshPlan extends RungPlan {
  readonly unseen: readonly Unseen[];
  /** What the rung leaves that goes on costing money. */
  readonly burning: readonly RunningResource[];
  /** What it takes away, as it runs now. */
  readonly running: readonly RunningResource[];
  readonly kept: ProjectPlan['kept'];
  /** Why it is not this budget's to unlink; what runs there is not in the plan then. */
  readonly foreign?: string;
  /** Why there is nothing left to do. */
  readonly nothingLeft?: string | undefined;
}

/** Looks at what a rung would take away from a project now. */
export async function planNow(firing: Firing, rung: Rung): Promise<FreshPlan> {
  const { due, run, receipt, gap } = firing;
  const { config } = due;
  const unseen: Unseen[] = [];
  const { state } = run;
  const manifest = async (): Promise<Manifest | undefined> =>
    state === undefined ? undefined : (await readManifest(state, keyOf(due, run))).manifest;
  const inventory = await gatherInventory({ ...run, mode: config.mode, manifest }, rung.do, (one) => {
    unseen.push(one);
    gap(one);
  });
  for (const { what, why } of inventory.notOffered)
    receipt.keep(decisionOn(`projects/${run.projectId} Vertex AI ${what}`, 'keep', 'not-offered', { why }));
  if (unseen.length > 0) sayUnseen(firing, rung, unseen);
  const foreign = await foreignAccount(firing, inventory.account);
  if (foreign !== undefined)
    return {
      ...{ items: [], left: [foreign], complete: true, unseen, burning: [], running: [], kept: new Map() },
      foreign: foreign.reason,
    };
  const now = run.runtime.now();
  const { items, left, burning, running, kept } = planRung(rung.do, inventory, config, now);
  return {
    items: items.map((item) => ({ ...item, atMs: now.getTime() })),
    left: rung.do === 'unlink-billing' ? [...left, ...unseen.map(toUnseen)] : left,
    complete: unseen.length === 0,
    unseen,
    burning,
    running,
    kept,
    nothingLeft: inventory.nothingLeft,
  };
}

/**
 * A project is unlinked from the account that the budget belongs to or a subaccount of it, and from no other: that one's cost is
 * not the budget's.
 */
async function foreignAccount(
  { due: { budget }, run }: Firing,
  account: string | undefined,
): Promise<LeftAlone | undefined> {
  if (account === undefined) return undefined;
  const payer = await judgePayer(run.api, budget, account);
  if (payer.is === 'counted') return undefined;
  const reason = `it is linked to ${account}, and the budget belongs to ${accountOf(budget.name)}: ${payer.why}`;
  run.log('ERROR', `Billing of ${run.projectId} is not unlinked: ${reason}`, {
    alert: 'budget-rung',
    budget: budget.name,
    rung: 'unlink-billing',
    runId: run.runId,
  });
  return { resource: `projects/${run.projectId}`, reason };
}

/** What cannot be seen goes on costing money: never "done", and said with every message. */
function sayUnseen({ due, run }: Firing, rung: Rung, unseen: readonly Unseen[]): void {
  run.log('ERROR', incompleteText(rung, run.projectId, unseen), {
    alert: 'budget-rung',
    budget: due.budget.name,
    rung: rung.do,
    runId: run.runId,
    unseen: unseen.slice(0, MAX_SHOWN).map(placeText),
  });
}
