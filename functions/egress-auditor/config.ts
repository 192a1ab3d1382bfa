import { chooseFormat } from '../../shared/report/formats.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { Refusal, type Incoming } from '../../shared/run/handle-request.ts';
import { requireSection, type Policy } from '../../shared/policy/policy.ts';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { GoogleApiError } from '../../shared/google/google-api-error.ts';
import { isInScope, listProjects } from '../../shared/google/projects.ts';
import { noteStrange } from '../../shared/google/read-items.ts';
import type { Gap } from '../../shared/run/receipt.ts';
import type { Api } from '../../shared/google/api.ts';
import { parseDurationMs } from '../../shared/units.ts';
import { chooseTable, type CsvTable } from './report/csv.ts';

/** What a request names. */
export interface Requested {
  readonly project: string | undefined;
  /** As it was written; undefined for the policy's. */
  readonly window: string | undefined;
  readonly format: (typeof FORMATS)[number];
  /** Of a CSV answer. */
  readonly table: CsvTable;
}

/** What a request is about. */
export interface Targets {
  /** Undefined: the whole scope. */
  readonly project: string | undefined;
  /** All projects of the scope, as far as they can be listed. */
  readonly scope: readonly string[];
  /** Of the scope, what could not be listed. */
  readonly incomplete: readonly Gap[];
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
const WINDOW_FORMAT =
  'how far back to look, in whole hours or days up to now, 1h to 42d (six weeks), such as 7d';
const FORMATS = ['json', 'html', 'csv'] as const;
const PARAMETERS = ['project', 'window', 'format', 'table'];

/** Checks the query; whether the project may be looked at is for `configure`. Throws `BadParameter`, `NotAcceptable`. */
export function readRequest({ query, accept }: Incoming): Requested {
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
    throw new BadParameter('window', window, WINDOW_FORMAT);
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

/** Joins request and policy. Throws `PermanentError`. */
export function configure(policy: Policy, requested: Requested, project: string): Config {
  const egress = requireSection(policy, 'egress');
  const hours = requested.window === undefined ? undefined : hoursOf(requested.window);
  return {
    project,
    window:
      requested.window === undefined || hours === undefined
        ? { requested: inDays(egress.windowHours), hours: egress.windowHours }
        : { requested: requested.window, hours },
    reportAboveUsdPerMonth: egress.reportAboveUsdPerMonth,
  };
}

function inDays(hours: number): string {
  return hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`;
}

/**
 * The project to look at, in scope, or the whole scope where none is named and it has several. Throws `Refusal`, `GoogleApiError`.
 */
export async function chooseTargets(api: Api, { scope }: Policy, { project }: Requested): Promise<Targets> {
  if (project !== undefined && !(await isInScope(api, scope, project)))
    throw new Refusal(
      403,
      `Cannot look at project ${JSON.stringify(project)}: it is outside the policy’s scope (${scope.join(', ')}), or does not exist`,
    );
  const incomplete: Gap[] = [];
  try {
    const all = await listProjects(api, scope, (parent, strange) => {
      noteStrange((gap) => void incomplete.push(gap), parent, strange);
    });
    const [only, ...others] = all;
    // One that cannot be read is in scope as well: then the only readable one is not meant by default.
    const alone = others.length === 0 && incomplete.length === 0 ? only : undefined;
    return { project: project ?? alone, scope: all, incomplete };
  } catch (error) {
    // The one that was named can be looked at without the others.
    if (project === undefined || !(error instanceof GoogleApiError || error instanceof PermanentError))
      throw error;
    return { project, scope: [project], incomplete: [{ where: scope.join(', '), why: messageOf(error) }] };
  }
}
