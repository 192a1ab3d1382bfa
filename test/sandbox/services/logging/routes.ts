import { z } from 'zod';
import type { Call, Need, Route } from '../../http/route.ts';
import type { DeployedFunction, Functions, LogEntry } from '../functions/state.ts';
import { revisionOf } from '../functions/shown.ts';
import { pageAnswer, pageOfRequest } from '../../http/paging.ts';
import { auditEntries } from './audit-entries.ts';
import { filterOf, SEVERITIES, type Shown } from './filter.ts';
import type { Vertex } from '../vertex/state.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { readBody } from '../../http/read-body.ts';

const MAX_PAGE_SIZE = 1_000;
const DEFAULT_PAGE_SIZE = 50;

const listSchema = z.strictObject({
  resourceNames: z.array(z.string().regex(/^projects\/[^/]+$/)).min(1),
  filter: z.string().default(''),
  orderBy: z.enum(['timestamp asc', 'timestamp desc']).default('timestamp asc'),
  pageSize: z.int().optional(),
  pageToken: z.string().optional(),
});

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
        const matches = filterOf(filter);
        const named = projectsOf(call);
        const written = functions.all
          .filter(({ projectId }) => named.includes(projectId))
          .flatMap((deployed) => deployed.logs.map((entry) => shown(deployed, entry)));
        // "Entries with equal timestamps are returned in order of their insert_id values": logging.proto.
        const all = [...written, ...named.flatMap((id) => auditEntries(vertex, id))]
          .filter(matches)
          .sort((a, b) => compare(a, b, 'timestamp') || compare(a, b, 'insertId'));
        const ordered = orderBy === 'timestamp asc' ? all : all.reverse();
        const page = pageOfRequest(ordered, { pageSize, pageToken }, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE);
        return { body: pageAnswer('entries', page) };
      },
    },
  ];
}

const compare = (a: Shown, b: Shown, field: 'timestamp' | 'insertId'): number =>
  String(a[field]).localeCompare(String(b[field]));

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
