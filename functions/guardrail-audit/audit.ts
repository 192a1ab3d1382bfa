import type { Check } from '../../shared/preflight/check.ts';
import { GoogleApiError } from '../../shared/google/google-api-error.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import type { State } from '../../shared/state/state.ts';
import { configureAudit } from './config.ts';
import { judgeProject } from './decide.ts';
import { nameKey, openDigest } from './secrets/digest-key.ts';
import { earlierAudit, TREND_DAYS } from './report/earlier.ts';
import type { ProjectFacts } from './facts.ts';
import { gatherProject } from './gather.ts';
import type { Look } from './gather/attempt.ts';
import type { ReadAbove } from './gather/inherited.ts';
import { readProject } from './gather/projects.ts';
import { readReceipt } from './gather/receipts.ts';
import { isRead, type Reading } from './reading.ts';
import { buildReport, type AuditReport } from './report/report.ts';
import { InDeletion } from './scope/in-deletion.ts';

export interface AuditOptions {
  /** Which the switch runs in. */
  readonly operationsProject: string;
  /** Of the switch, where the caller may run all of it. */
  readonly preflight?: Reading<readonly Check[]>;
  /** The projects in scope, where the caller has read them. */
  readonly known?: Reading<readonly ProjectFacts[]>;
  /** For the policies above the projects, where the caller audits several. */
  readonly readAbove?: ReadAbove;
  /** When the tick was published: what an earlier delivery of it left is not the audit before. */
  readonly tickMs?: number;
  /** Told of every call that failed. */
  readonly failed?: (error: unknown) => void;
}

/**
 * Looks at one project and judges it. Throws {@link InDeletion} where nothing is left to judge, where the policy has no section `audit`,
 * and for unexpected errors.
 */
export async function auditProject(
  context: EventContext,
  projectId: string,
  options: AuditOptions,
): Promise<AuditReport> {
  const { runtime, api, policy, state } = context;
  const { operationsProject, preflight, known, readAbove, tickMs, failed = () => undefined } = options;
  const now = runtime.now();
  const config = configureAudit(policy, projectId, operationsProject);
  const digests = await openDigests(state, runtime.newId, failed);
  const look = { api, projectId, now, ...digests, failed };
  const project = await readProject(look);
  if (isRead(project) && project.value.isDeleted === true) throw new InDeletion(projectId);
  const [facts, before] = await Promise.all([
    gatherProject({ ...look, ...numberOf(project) }, config, {
      auth: runtime.auth,
      policy,
      state,
      project,
      ...(preflight === undefined ? {} : { preflight }),
      ...(known === undefined ? {} : { known }),
      ...(readAbove === undefined ? {} : { readAbove }),
    }),
    readReceipt({ ...look, failed: () => undefined }, state, {
      functionName: runtime.functionName,
      maxAgeDays: TREND_DAYS,
      beforeMs: tickMs,
      remedy: '',
    }),
  ]);
  return buildReport(
    projectId,
    judgeProject(facts, config, now),
    now,
    earlierAudit(before),
    { ...api.calls },
    digests.digestKey,
  );
}

/** Google says by number in which project an API is off. */
function numberOf(project: Reading<ProjectFacts>): Pick<Look, 'projectNumber'> {
  return isRead(project) && project.value.number !== '' ? { projectNumber: project.value.number } : {};
}

/** Without the right to its key digests tell the secrets of this run apart, and are compared with no other run. */
async function openDigests(
  state: State | undefined,
  newKey: () => string,
  failed: (error: unknown) => void,
): Promise<Pick<Look, 'digestOf' | 'digestKey'>> {
  try {
    const digestOf = await openDigest(state, newKey);
    return { digestOf, ...(state === undefined ? {} : { digestKey: nameKey(digestOf) }) };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    failed(error);
    return { digestOf: await openDigest(undefined, newKey) };
  }
}
