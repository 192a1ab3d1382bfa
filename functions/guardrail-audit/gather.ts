import type { GoogleAuth } from '../../shared/google/impersonate.ts';
import type { Policy } from '../../shared/policy/policy.ts';
import type { Check } from '../../shared/preflight/check.ts';
import type { State } from '../../shared/state/state.ts';
import type { AuditConfig } from './config.ts';
import type { AuditFacts, ProjectFacts } from './facts.ts';
import { readAccounts } from './gather/accounts.ts';
import type { Look } from './gather/attempt.ts';
import { readBilling } from './gather/billing.ts';
import { readBuckets } from './gather/buckets.ts';
import { policiesOnce, readAncestors, readInherited, type ReadAbove } from './gather/inherited.ts';
import { readKeyUse } from './gather/key-use.ts';
import { readMachines } from './gather/machines.ts';
import { readManagedNotebooks } from './gather/managed-notebooks.ts';
import { readProjectMetadata } from './gather/metadata.ts';
import { readProjectPolicy } from './gather/policy.ts';
import { budgetPreflight } from './gather/preflight.ts';
import { readNeighbours } from './gather/projects.ts';
import { callRemedy, readReceipt, tickRemedy } from './gather/receipts.ts';
import { readScripts } from './gather/scripts.ts';
import { readTpus } from './gather/tpus.ts';
import { readUse } from './gather/use.ts';
import { readVertex } from './gather/vertex/vertex.ts';
import { readWorkloads } from './gather/workloads.ts';
import { joinReadings, mapReading, type Reading } from './reading.ts';

export interface AuditSources {
  readonly auth: GoogleAuth;
  readonly policy: Policy;
  readonly state: State | undefined;
  /** The whole preflight, where the caller may run it; that of the budgets otherwise. */
  readonly preflight?: Reading<readonly Check[]>;
  readonly project: Reading<ProjectFacts>;
  /** The projects in scope, where they are read already. */
  readonly known?: Reading<readonly ProjectFacts[]>;
  /** For the policies above the projects, where the caller looks at several. */
  readonly readAbove?: ReadAbove;
}

/** Reads all that the checks need of one project. What cannot be read makes its checks not evaluable, and no others. */
export async function gatherProject(
  look: Look,
  config: AuditConfig,
  sources: AuditSources,
): Promise<AuditFacts> {
  const { auth, policy, state, project, preflight, known, readAbove = policiesOnce() } = sources;
  const ancestors = readAncestors(look);
  const [
    above,
    neighbours,
    billing,
    allowed,
    inherited,
    accounts,
    keyUse,
    tpus,
    { machines, notebookGaps },
    projectMetadata,
    managedNotebooks,
    vertex,
    workloads,
    buckets,
    receipts,
  ] = await Promise.all([
    ancestors,
    known === undefined ? readNeighbours(look, policy.scope) : withoutSelf(known, look.projectId),
    readBilling(look, auth),
    readProjectPolicy(look),
    readInherited(look, readAbove, ancestors),
    readAccounts(look),
    readKeyUse(look),
    readTpus(look),
    readMachines(look),
    readProjectMetadata(look),
    readManagedNotebooks(look),
    readVertex(look),
    readWorkloads(look),
    readBuckets(look),
    readReceipts(look, config, state),
  ]);
  const [use, scripts] = await Promise.all([
    readUse(look, machines),
    readScripts(look, joinReadings([machines, mapReading(projectMetadata, (one) => [one])])),
  ]);
  return {
    ...{ project, above, neighbours, billing, policy: allowed, inherited, accounts, keyUse, tpus },
    ...{ machines, notebookGaps, projectMetadata, managedNotebooks, use, scripts },
    ...vertex,
    ...{ workloads, buckets, digestsLast: look.digestKey !== undefined },
    ...receipts,
    preflight: preflight ?? budgetPreflight(policy, config.switchTopic, project, above, billing),
  };
}

function withoutSelf(
  projects: Reading<readonly ProjectFacts[]>,
  projectId: string,
): Reading<readonly ProjectFacts[]> {
  return mapReading(projects, (all) => all.filter(({ id }) => id !== projectId));
}

/** What the other functions say of the project. */
async function readReceipts(
  look: Look,
  { maxReceiptAgeDays: maxAgeDays, operationsProject }: AuditConfig,
  state: State | undefined,
): Promise<Pick<AuditFacts, 'stopper' | 'enforcer' | 'egress'>> {
  const receipt = (functionName: string, remedy: string) =>
    readReceipt(look, state, { functionName, maxAgeDays, remedy });
  const tick = (functionName: string) => receipt(functionName, tickRemedy(functionName, operationsProject));
  const [stopper, enforcer, egress] = await Promise.all([
    tick('idle-notebook-stopper'),
    tick('lifecycle-enforcer'),
    receipt('egress-auditor', callRemedy(operationsProject)),
  ]);
  return { stopper, enforcer, egress };
}
