import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import { parseFilter, type Test } from '../../http/boolean-filter.ts';
import type { DeployedFunction, Functions, LogEntry } from '../functions/state.ts';
import { revisionOf } from '../functions/shown.ts';
import { pageOf } from '../../http/paging.ts';
import { auditEntries } from './audit-entries.ts';
import type { Vertex } from '../vertex/state.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { readBody } from '../../http/read-body.ts';

const SEVERITIES = [
  'DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY',
]; // prettier-ignore
const MAX_PAGE_SIZE = 1_000;

const listSchema = z.strictObject({
  resourceNames: z.array(z.string().regex(/^projects\/[^/]+$/)).min(1),
  filter: z.string().default(''),
  orderBy: z.enum(['timestamp asc', 'timestamp desc']).default('timestamp asc'),
  pageSize: z.int().positive().default(50),
  pageToken: z.string().optional(),
});

type Shown = Readonly<Record<string, unknown>>;

/** Cloud Logging v2, to read what the functions wrote to standard output, and who made which job. */
export function loggingRoutes(options: {
  readonly functions: Functions;
  readonly projects: Projects;
  readonly vertex: Vertex;
}): Route[] {
  const { functions, projects, vertex } = options;
  const projectsOf = (call: Call): readonly string[] =>
    readBody(listSchema, call).resourceNames.map((name) =>
      projects.require(name.slice('projects/'.length), 'logging'),
    );
  return [
    {
      id: 'logging.entries.list',
      host: 'logging.googleapis.com',
      method: 'POST',
      path: /^\/v2\/entries:list$/,
      query: [],
      needs: (call): readonly Need[] =>
        projectsOf(call).map((id) => ({ permission: 'logging.logEntries.list', on: `projects/${id}` })),
      handle(call) {
        const { filter, orderBy, pageSize, pageToken } = readBody(listSchema, call);
        const wanted = filterOf(filter);
        const named = projectsOf(call);
        const written = functions.all
          .filter(({ projectId }) => named.includes(projectId))
          .flatMap((deployed) => deployed.logs.map((entry) => shown(deployed, entry)));
        const all = [...written, ...named.flatMap((id) => auditEntries(vertex, id))]
          .filter(wanted)
          .sort((a, b) => String(a['timestamp']).localeCompare(String(b['timestamp'])));
        const ordered = orderBy === 'timestamp asc' ? all : all.reverse();
        const { items, nextPageToken } = pageOf(ordered, Math.min(pageSize, MAX_PAGE_SIZE), pageToken);
        return { body: { entries: items, ...(nextPageToken === undefined ? {} : { nextPageToken }) } };
      },
    },
  ];
}

/** A JSON line becomes the payload, its `severity` the entry's: logging/docs/structured-logging. */
function shown(deployed: DeployedFunction, { insertId, atMs, line }: LogEntry): Shown {
  const { projectId, location, id } = deployed;
  const { severity, ...payload } = typeof line === 'string' ? { severity: 'DEFAULT' } : line;
  const timestamp = new Date(atMs).toISOString();
  return {
    insertId,
    logName: `projects/${projectId}/logs/run.googleapis.com%2Fstdout`,
    resource: {
      type: 'cloud_run_revision',
      labels: {
        project_id: projectId,
        location,
        service_name: id,
        configuration_name: id,
        revision_name: revisionOf(deployed),
      },
    },
    labels: { 'goog-managed-by': 'cloudfunctions' },
    timestamp,
    receiveTimestamp: timestamp,
    severity: SEVERITIES.includes(String(severity)) ? severity : 'DEFAULT',
    ...(typeof line === 'string' ? { textPayload: line } : { jsonPayload: payload }),
  };
}

/** Comparisons of fields, e.g. `resource.labels.service_name="f" AND severity>=ERROR AND jsonPayload.receipt:*`. */
function filterOf(text: string): Test<Shown> {
  if (text.trim() === '') return () => true;
  // A part of a field's path may be quoted: labels."goog-managed-by".
  const plain = text.replaceAll('\n', ' ').replace(/(?<=\w\.)"([\w-]+)"/g, '$1');
  return parseFilter<Shown>(plain, {
    signs: ['>=', '<=', '!=', '=', ':', '>', '<'],
    comparison(field, operator, wanted) {
      return (entry) => {
        const value = field
          .split('.')
          .reduce<unknown>((at, name) => (at as Shown | undefined)?.[name], entry);
        if (operator === ':' && wanted === '*') return value !== undefined;
        if (value === undefined) return operator === '!=';
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        if (operator === ':') return text.toLowerCase().includes(wanted.toLowerCase());
        const order =
          field === 'severity'
            ? SEVERITIES.indexOf(text) - SEVERITIES.indexOf(wanted)
            : text.localeCompare(wanted);
        switch (operator) {
          case '=':
            return order === 0;
          case '!=':
            return order !== 0;
          case '>=':
            return order >= 0;
          case '<=':
            return order <= 0;
          case '>':
            return order > 0;
          default:
            return order < 0;
        }
      };
    },
    invalid: () => new ApiError('INVALID_ARGUMENT', `Unparseable filter: ${text}`),
  });
}
