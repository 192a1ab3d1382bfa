import pMap from 'p-map';
import { PermanentError } from '../../../shared/errors.ts';
import { isInScope, listProjects } from '../../../shared/google/projects.ts';
import { noteStrange } from '../../../shared/google/read-items.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { Refusal } from '../../../shared/run/handle-request.ts';
import type { Gap } from '../../../shared/run/receipt.ts';
import type { Config } from '../config.ts';
import { READ_AT_ONCE, readBudgets, readLedger } from './read-budgets.ts';
import { buildReport, projectPart, type BurnReport } from './report.ts';
import type { Requested } from './request.ts';

/** More projects than this are not answered in one request. */
const MAX_PROJECTS = 2_000;

/**
 * The burn of the scope, or of one project, from the ledgers and messages in the state bucket. What cannot be read is said in its
 * place. Throws `Refusal` for a project that is not in scope.
 */
export async function readBurn(
  context: ReadContext,
  config: Config,
  requested: Pick<Requested, 'project'>,
): Promise<BurnReport> {
  const { state, runtime, policy } = context;
  if (state === undefined)
    throw new PermanentError('Cannot read ledgers: the policy has no state bucket; add state: gs://BUCKET');
  const incomplete: Gap[] = [];
  const projects = await projectsOf(context, requested.project, incomplete);
  const nowMs = runtime.now().getTime();
  const parts = await pMap(
    projects,
    async (project) => projectPart(project, await readLedger(state, project, nowMs), config, nowMs),
    { concurrency: READ_AT_ONCE },
  );
  const budgets = await readBudgets(state, config, { only: requested.project, nowMs });
  const scope = requested.project === undefined ? policy.scope : [`projects/${requested.project}`];
  return buildReport(scope, parts, budgets, incomplete, nowMs);
}

/** What a reader needs of the context of its request. */
export interface ReadContext extends Pick<EventContext, 'api' | 'policy' | 'state'> {
  readonly runtime: Pick<EventContext['runtime'], 'now'>;
}

async function projectsOf(
  { api, policy }: ReadContext,
  project: string | undefined,
  incomplete: Gap[],
): Promise<readonly string[]> {
  if (project !== undefined) {
    if (await isInScope(api, policy.scope, project)) return [project];
    throw new Refusal(
      403,
      `Cannot look at project ${JSON.stringify(project)}: it is outside the policy’s scope (${policy.scope.join(', ')}), or does not exist`,
    );
  }
  const all = await listProjects(api, policy.scope, (parent, strange) => {
    noteStrange((gap) => void incomplete.push(gap), parent, strange);
  });
  if (all.length > MAX_PROJECTS)
    incomplete.push({
      where: policy.scope.join(', '),
      why: `${all.length} projects, of which the first ${MAX_PROJECTS} are told: name one by project=ID`,
    });
  return all.slice(0, MAX_PROJECTS);
}
