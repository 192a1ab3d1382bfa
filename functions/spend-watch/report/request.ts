import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import { chooseFormat } from '../../../shared/report/formats.ts';
import { Refusal, type Incoming } from '../../../shared/run/handle-request.ts';

/** What a request names. */
export interface Requested {
  /** Undefined for the whole scope. */
  readonly project: string | undefined;
  readonly format: 'json' | 'html' | 'openmetrics';
}

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects: 6 to 30 characters; older ones have a domain. */
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const PARAMETERS = ['project', 'format'];

/** Checks path and query. Throws `BadParameter`, `NotAcceptable`, `Refusal`. */
export function readRequest({ path, query, accept }: Incoming): Requested {
  if (path !== '/' && path !== '/metrics')
    throw new Refusal(404, `Cannot find ${JSON.stringify(path.slice(0, 100))}: there are / and /metrics`);
  for (const name of Object.keys(query))
    if (!PARAMETERS.includes(name)) throw new BadParameter('the parameter', name, PARAMETERS.join(', '));
  const { project, format } = query;
  if (project !== undefined && (typeof project !== 'string' || !PROJECT.test(project)))
    throw new BadParameter(
      'project',
      project,
      'the id of a project in the policy’s scope, such as ml-research',
    );
  if (path === '/') return { project, format: chooseFormat({ parameter: format, accept }, ['json', 'html']) };
  if (format !== undefined && format !== 'openmetrics')
    throw new BadParameter('format', format, 'openmetrics, the only one of /metrics');
  return { project, format: 'openmetrics' };
}
