import { chooseFormat } from '../../shared/report/formats.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { Refusal, type Incoming } from '../../shared/run/handle-request.ts';
import { requireSection, type Policy } from '../../shared/policy/policy.ts';
import { listProjects, isInScope } from '../../shared/google/projects.ts';
import type { Api } from '../../shared/google/api.ts';
import { parseDurationMs } from '../../shared/units.ts';
import { chooseTable, type CsvTable } from './report/csv.ts';

/** What a request names. */
export interface Wanted {
  readonly project: string | undefined;
  /** As it was written; undefined for the policy's. */
  readonly window: string | undefined;
  readonly format: (typeof FORMATS)[number];
  /** Of a CSV answer. */
  readonly table: CsvTable;
}

export interface Config {
  readonly project: string;
  readonly window: { readonly requested: string; readonly hours: number };
  readonly reportAboveUsdPerMonth: number;
}

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects: 6 to 30 characters; older ones have a domain. */
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

const HOUR_MS = 3_600_000;
const MAX_HOURS = 1_008;
const WINDOW_WANTED =
  'how far back to look, in whole hours or days up to now, 1h to 42d (six weeks), such as 7d';
const FORMATS = ['json', 'html', 'csv'] as const;
const PARAMETERS = ['project', 'window', 'format', 'table'];

/** Checks the query; whether the project may be looked at is for `configure`. Throws `BadParameter`, `NotAcceptable`. */
export function readRequest({ query, accept }: Incoming): Wanted {
  for (const name of Object.keys(query))
    if (!PARAMETERS.includes(name)) throw new BadParameter('the parameter', name, PARAMETERS.join(', '));
  const { project, window } = query;
  if (project !== undefined && (typeof project !== 'string' || !PROJECT.test(project)))
    throw new BadParameter(
      'project',
      project,
      'the id of a project in the policy’s scope, such as ml-research',
    );
  if (window !== undefined && (typeof window !== 'string' || hoursOf(window) === undefined))
    throw new BadParameter('window', window, WINDOW_WANTED);
  return {
    project,
    window,
    format: chooseFormat({ parameter: query['format'], accept }, FORMATS),
    table: chooseTable(query['table']),
  };
}

/** Whole hours of a window; undefined for what is none. */
function hoursOf(window: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}[mhd]$/.test(window)) return undefined;
  const hours = parseDurationMs(window) / HOUR_MS;
  return Number.isInteger(hours) && hours <= MAX_HOURS ? hours : undefined;
}

/** Joins request and policy: the one project to look at, in scope. Throws `BadParameter`, `Refusal`, `GoogleApiError`. */
export async function configure(api: Api, policy: Policy, wanted: Wanted): Promise<Config> {
  const egress = requireSection(policy, 'egress');
  const hours = wanted.window === undefined ? undefined : hoursOf(wanted.window);
  return {
    project: await projectOf(api, policy.scope, wanted.project),
    window:
      wanted.window === undefined || hours === undefined
        ? { requested: inDays(egress.windowHours), hours: egress.windowHours }
        : { requested: wanted.window, hours },
    reportAboveUsdPerMonth: egress.reportAboveUsdPerMonth,
  };
}

function inDays(hours: number): string {
  return hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`;
}

async function projectOf(api: Api, scope: readonly string[], project: string | undefined): Promise<string> {
  if (project !== undefined) {
    if (await isInScope(api, scope, project)) return project;
    throw new Refusal(
      403,
      `Cannot look at project ${JSON.stringify(project)}: it is outside the policy’s scope (${scope.join(', ')}), or does not exist`,
    );
  }
  let unread = 0;
  const [only, ...others] = await listProjects(api, scope, (_, strange) => void (unread += strange.length));
  // One that cannot be read is in scope as well: then the only readable one is not meant by default.
  if (only !== undefined && others.length === 0 && unread === 0) return only;
  const all = [only, ...others];
  throw new BadParameter(
    'project',
    undefined,
    `one of the ${all.length} projects in scope: ${all.slice(0, 20).join(', ')}${all.length > 20 ? ', …' : ''}`,
  );
}
