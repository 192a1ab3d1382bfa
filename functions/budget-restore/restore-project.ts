import pMap from 'p-map';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { getProject } from '../../shared/google/projects.ts';
import { holdProject } from '../../shared/state/lease.ts';
import { isBelow } from '../../shared/state/manifest.ts';
import type { OutcomeKind, ReceiptBuilder } from '../../shared/run/receipt.ts';
import type { State } from '../../shared/state/state.ts';
import { restoreItem, type Restored } from './act.ts';
import type { RestoreRequest } from './config.ts';
import { planRestore, type RestoreStep } from './decide.ts';
import type { DeploymentJournal } from './endpoint.ts';
import { openGrace, openJournal, remember } from './remember.ts';
import type { RestoreRun } from './run.ts';

/** Starts and deployments at the same time. */
export const CONCURRENCY = 8;

/** One line of the answer. */
export interface AnswerLine {
  readonly project: string;
  readonly resource: string;
  readonly action: RestoreStep['action'];
  readonly outcome: OutcomeKind | 'left';
  readonly why?: string;
  readonly losses?: readonly string[];
  /** E-mail addresses of the accounts that an endpoint's models run as. */
  readonly serviceAccounts?: readonly string[];
}

/** One project of a request that is carried out. */
export interface ProjectRestore extends RestoreRequest {
  readonly project: string;
  readonly runId: string;
}

/** Restores a project under the lease that it shares with the kill switch. */
export async function restoreProject(
  context: EventContext,
  state: State,
  { budget, period, project, runId, grace }: ProjectRestore,
  receipt: ReceiptBuilder,
): Promise<readonly AnswerLine[]> {
  const { runtime } = context;
  const { sleep, random } = runtime;
  const lines: AnswerLine[] = [];
  try {
    if (project === (await runtime.ownProject()))
      throw new PermanentError(`Cannot restore "${project}": costguard runs in it and takes nothing from it`);
    await holdProject(
      { state, sleep, random, nowMs: () => runtime.now().getTime() },
      { budget, period, project },
      { by: runtime.functionName, runId, doing: 'restore', isNeeded: () => true },
      async (lease) => {
        const pause = async (milliseconds: number): Promise<void> => {
          await sleep(milliseconds);
          await lease.confirm();
        };
        const ref = await getProject(context.api, `projects/${project}`);
        await openGrace({ lease, runtime }, runId, grace);
        await restoreHeld({ ...context, project: ref, lease, pause }, receipt, lines);
      },
    );
  } catch (error) {
    const why = messageOf(error);
    receipt.fail({ resource: `projects/${project}`, error: why });
    lines.push({ project, resource: `projects/${project}`, action: 'none', outcome: 'failed', why });
  }
  return lines;
}

/** Carries out what the manifest says now: another run may have brought things back since the request came. */
async function restoreHeld(run: RestoreRun, receipt: ReceiptBuilder, lines: AnswerLine[]): Promise<void> {
  const steps = planRestore(run.lease.manifest());
  const journal = openJournal(run);
  const back: string[] = [];
  const carry = async (step: RestoreStep): Promise<AnswerLine> => {
    const line = await carryStep(run, step, journal(step.item.resource));
    lines.push(line);
    record(receipt, step, line);
    const isBack = line.outcome === 'done' || line.outcome === 'already';
    // What an unfinished run of the switch may still take away is looked at again next time.
    if (line.outcome === 'done' || (isBack && step.item.status === 'done')) back.push(step.item.resource);
    return line;
  };
  const links = steps.filter((step) => step.action === 'relink');
  const others = steps.filter((step) => step.action !== 'relink');
  const linked = await pMap(links, carry);
  // Without billing every start would be refused; the next request goes on from here. Linked to another account by an operator is
  // left so, and is billing too.
  if (linked.every(({ outcome }) => outcome !== 'failed'))
    await pMap(others, carry, { concurrency: CONCURRENCY });
  else
    for (const step of others)
      lines.push(lineOf(step, 'left', 'billing is not back yet: send the request again'));
  // What is back is back: where it cannot be noted, the next request finds it so.
  await remember(run, back);
}

async function carryStep(
  run: RestoreRun,
  step: RestoreStep,
  journal: DeploymentJournal,
): Promise<AnswerLine> {
  if (step.action === 'none') return lineOf(step, 'left', step.why);
  if (!isBelow(step.item.resource, run.project)) {
    const why = `it does not lie below projects/${step.project}: the manifest was changed by another process`;
    run.log('ERROR', `Left alone "${step.item.resource}": ${why}`);
    return lineOf(step, 'left', why);
  }
  try {
    const restored: Restored = await restoreItem(run, step, journal);
    return restored.kind === 'left'
      ? lineOf(step, 'left', restored.why)
      : lineOf(step, restored.kind, restored.why);
  } catch (error) {
    return lineOf(step, 'failed', messageOf(error));
  }
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

function record(receipt: ReceiptBuilder, step: RestoreStep, { outcome, why }: AnswerLine): void {
  const decision = {
    resource: step.item.resource,
    action: step.action === 'none' || outcome === 'left' ? 'keep' : step.action,
    reason: outcome === 'left' ? 'left-away' : 'restore',
    evidence: {
      ...(why === undefined ? {} : { why }),
      ...(step.losses.length > 0 ? { losses: step.losses } : {}),
    },
    usdPerHour: 'unpriced' as const,
  };
  if (outcome === 'left') receipt.keep(decision);
  else receipt.add({ ...decision, outcome });
  if (outcome === 'failed') receipt.fail({ resource: step.item.resource, error: why ?? '' });
}
