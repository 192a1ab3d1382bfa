import type { LeftAlone } from '../../../shared/state/manifest.ts';
import { isOutermost, type ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { Decision, OutcomeKind } from '../../../shared/run/receipt.ts';
import { isPriced } from '../../../shared/prices/price.ts';
import { worstFirst } from '../../../shared/resources/inventory.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { leftBurning } from '../../../shared/resources/left-burning.ts';
import { estimatedWhy, estimateEvidence } from '../estimate/evidence.ts';
import type { SwitchRun } from '../run.ts';
import type { Firing } from './fire.ts';
import { isOpen } from './items.ts';
import type { RungPlan } from './ladder.ts';
import type { ProjectPlan } from './plan-rung.ts';
import { burningEvidence, isAllListed } from './say-burning.ts';
import { MAX_SHOWN, placeText, type Unseen } from './unseen.ts';

type Estimable = Pick<Firing['due']['verdict'], 'estimated'>;

/** What the receipt of a rung goes by. */
interface Reported {
  readonly due: { readonly verdict: Estimable };
  readonly receipt: Pick<Firing['receipt'], 'keep' | 'add'>;
}

/** Writes into the receipt what a rung did with each item and what it left alone. */
export function report(
  { due, receipt }: Reported,
  rung: Rung,
  items: readonly ManifestItem[],
  left: readonly LeftAlone[],
  outcomeOf: (item: ManifestItem) => OutcomeKind,
  { running, burning }: Pick<ProjectPlan, 'running' | 'burning'>,
): void {
  const now = byName(running);
  for (const item of items) {
    const { resource, why } = item;
    // What is dealt with says why only where something spoke against it.
    if (why !== undefined && !isOpen(item)) receipt.keep(leftAlone(rung, resource, why, now.get(resource)));
    else {
      const one = now.get(resource);
      const startedBy = one?.startedBy ?? (item.cameBack === undefined ? undefined : UNTOLD);
      receipt.add({
        ...decisionOn(
          resource,
          actionOn(item),
          item.cameBack === undefined ? reasonOf(rung, due.verdict) : 'came-back',
          {
            rung: rung.do,
            ...(item.cameBack === undefined ? {} : { times: item.cameBack }),
            ...(startedBy === undefined ? {} : { startedBy }),
            ...(why === undefined ? {} : { why }),
          },
        ),
        usdPerHour: usdPerHourOf(one),
        outcome: outcomeOf(item),
      });
    }
  }
  keepLeft({ receipt }, rung, left, burning);
}

/** Writes into the receipt what a rung leaves alone, worst first. */
function keepLeft(
  { receipt }: { readonly receipt: Pick<Firing['receipt'], 'keep'> },
  rung: Rung,
  left: readonly LeftAlone[],
  burning: readonly RunningResource[],
): void {
  const reasons = new Map(left.map(({ resource, reason }) => [resource, reason]));
  const goesOn = byName(worstFirst(burning.filter(({ resource }) => reasons.has(resource))));
  for (const resource of new Set([...goesOn.keys(), ...reasons.keys()]))
    receipt.keep(leftAlone(rung, resource, reasons.get(resource) ?? '', goesOn.get(resource)));
}

/** What goes on costing money has its cost and the command that ends it: the receipt has no other place for all of them. */
function leftAlone(rung: Rung, resource: string, why: string, one: RunningResource | undefined): Decision {
  const [burning] = one === undefined ? [] : leftBurning([one]);
  return {
    ...decisionOn(resource, 'keep', 'left-alone', {
      ...{ why, rung: rung.do },
      ...(burning === undefined
        ? {}
        : { description: burning.description, cost: burning.cost, command: burning.command }),
    }),
    usdPerHour: usdPerHourOf(one),
  };
}

/**
 * Writes into the receipt of a look that takes nothing what goes on costing money. A look that only keeps stores no receipt, and the log
 * line has all that burns: where that is too much for a line, it is not only kept.
 */
export function keepBurning(
  { receipt }: { readonly receipt: Pick<Firing['receipt'], 'keep' | 'add'> },
  rung: Rung,
  decision: Decision,
  { left, burning }: Pick<ProjectPlan, 'left' | 'burning'>,
): void {
  keepLeft({ receipt }, rung, left, burning);
  const listed = burningEvidence(burning);
  const told = { ...decision, evidence: { ...decision.evidence, ...listed } };
  if (isAllListed(listed)) receipt.keep(told);
  else receipt.add({ ...told, outcome: 'already' });
}

/** Writes into the receipt that a rung has fired before and nothing that it covers runs, with what it leaves. */
export function keepFired(
  {
    run,
    receipt,
  }: {
    readonly run: Pick<SwitchRun, 'projectId'>;
    readonly receipt: Pick<Firing['receipt'], 'keep' | 'add'>;
  },
  rung: Rung,
  plan: Pick<ProjectPlan, 'left' | 'burning'> = { left: [], burning: [] },
): void {
  const decision = decisionOn(`projects/${run.projectId}`, 'keep', 'fired-before', { rung: rung.do });
  keepBurning({ receipt }, rung, decision, plan);
}

/** Why a rung takes nothing from a project now. */
interface Left {
  readonly reason: string;
  readonly why: string;
  readonly text: string;
  readonly until?: string;
  readonly severity?: 'INFO' | 'WARNING';
}

/** Says of a rung that is due why it takes nothing now, in the log and the receipt: nothing above a rung is ever silent. */
export function sayLeft(
  { run, due, receipt }: Pick<Firing, 'run' | 'due' | 'receipt'>,
  rung: Rung,
  { reason, why, text, until, severity = 'WARNING' }: Left,
): void {
  run.log(severity, text, { reason, budget: due.budget.name, rung: rung.do, runId: run.runId });
  const evidence = { rung: rung.do, why, ...(until === undefined ? {} : { until }) };
  receipt.keep(decisionOn(`projects/${run.projectId}`, 'keep', reason, evidence));
}

/** What came back was started by something or by a person, also where the listing is silent about it. */
const UNTOLD = 'cannot be told: the listing does not say, and the switch does not read the audit log';

function byName(resources: readonly RunningResource[]): ReadonlyMap<string, RunningResource> {
  return new Map(resources.map((one) => [one.resource, one]));
}

/** What belongs to something is counted with that. */
function usdPerHourOf(one: RunningResource | undefined): Decision['usdPerHour'] {
  return one !== undefined && one.partOf === undefined && isPriced(one.cost) ? one.cost.usd.low : 'unpriced';
}

const ACTIONS: Readonly<Record<ManifestItem['kind'], string>> = {
  billing: 'unlink',
  schedule: 'pause',
  'pipeline-job': 'cancel',
  'training-pipeline': 'cancel',
  'batch-prediction-job': 'cancel',
  'hyperparameter-tuning-job': 'cancel',
  'tuning-job': 'cancel',
  'custom-job': 'cancel',
  endpoint: 'undeploy',
  'instance-group': 'resize',
  'node-pool': 'resize',
  'colab-runtime': 'stop',
  'dataproc-cluster': 'stop',
  notebook: 'stop',
  tpu: 'stop',
  vm: 'stop',
  workstation: 'stop',
};

/** What has no size, as a cluster's node auto-provisioning, is switched off. */
function actionOn(item: ManifestItem): string {
  return isOutermost(item) ? 'switch-off' : ACTIONS[item.kind];
}

export function decisionOn(
  resource: string,
  action: string,
  reason: string,
  evidence: Readonly<Record<string, unknown>>,
): Decision {
  return { resource, action, reason, evidence, usdPerHour: 'unpriced' };
}

/** `rung-80-percent`, or `estimated-rung-80-percent` where an estimate alone makes it due. */
export function reasonOf(rung: Rung, verdict: Estimable): string {
  const isEstimated = estimatedWhy(verdict, rung) !== undefined;
  return `${isEstimated ? 'estimated-' : ''}rung-${Number((rung.at * 100).toFixed(4))}-percent`;
}

/** How a rung ended on a project. */
export interface RungEnd {
  readonly items: readonly ManifestItem[];
  /** Those that this run dealt with. */
  readonly touched: readonly ManifestItem[];
  readonly left: RungPlan['left'];
  readonly unseen: readonly Unseen[];
  readonly resumed: boolean;
  readonly running: readonly RunningResource[];
  readonly burning: readonly RunningResource[];
  /** How many are left for the next look. */
  readonly over: number;
  /** Why billing is unlinked; empty for another rung. */
  readonly cause: string;
  /** While observing: nothing of it was done. */
  readonly isPlan?: true;
}

/** Writes into the receipt what a rung did, or would do. */
export function reportRung(firing: Firing, rung: Rung, end: RungEnd): void {
  const { due, run, receipt } = firing;
  const { items, touched, left, unseen, resumed, running, burning, over, cause, isPlan = false } = end;
  const became = ({ status }: ManifestItem): OutcomeKind => (status === 'planned' ? 'failed' : status);
  report(firing, rung, touched, left, isPlan ? () => 'planned' : became, { running, burning });
  const listed = burningEvidence(burning);
  if (resumed && touched.length === 0 && unseen.length === 0 && isAllListed(listed)) return;
  const cameBack = touched.filter((item) => item.cameBack !== undefined).length;
  receipt.add({
    ...decisionOn(`projects/${run.projectId}`, rung.do, reasonOf(rung, due.verdict), {
      ...estimateEvidence(due.verdict, rung),
      items: items.length,
      left: left.length,
      resumed,
      ...(cause === '' ? {} : { why: cause }),
      ...(cameBack > 0 ? { cameBack } : {}),
      ...(over > 0 ? { overMaxActions: over } : {}),
      ...listed,
      ...(unseen.length > 0 ? { incomplete: unseen.slice(0, MAX_SHOWN).map(placeText) } : {}),
    }),
    outcome: isPlan ? 'planned' : outcomeOf(touched.some(isOpen) || unseen.length > 0, over),
  });
}

function outcomeOf(isFailed: boolean, over: number): OutcomeKind {
  if (isFailed) return 'failed';
  return over > 0 ? 'planned' : 'done';
}
