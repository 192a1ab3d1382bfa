import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Call, Need, Reply, Route } from '../../http/route.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { readBody, readMessage } from '../../http/read-body.ts';
import type { Job, Jobs } from './jobs.ts';
import { jobSchema, type JobConfig } from './model.ts';

const HOST = 'cloudscheduler.googleapis.com';
const JOBS = '/v1/projects/(?<project>[^/:]+)/locations/(?<location>[^/:]+)/jobs';
const JOB = `${JOBS}/(?<job>[^/:]+)`;
const MAX_PAGE_SIZE = 500;

/** Cloud Scheduler v1. */
export function schedulerRoutes(options: {
  readonly jobs: Jobs;
  readonly projects: Projects;
  readonly iam: Iam;
}): Route[] {
  const { jobs, projects, iam } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'cloudscheduler');
  const parentOf = (call: Call): string =>
    `projects/${projectOf(call)}/locations/${call.params['location'] ?? ''}/jobs`;
  const nameOf = (call: Call): string => `${parentOf(call)}/${call.params['job'] ?? ''}`;
  const needs =
    (verb: string) =>
    (call: Call): readonly Need[] => [
      { permission: `cloudscheduler.jobs.${verb}`, on: `projects/${projectOf(call)}` },
    ];
  const check = (call: Call, config: JobConfig): JobConfig => {
    const account = config.httpTarget?.oidcToken?.serviceAccountEmail;
    const on = `projects/${projectOf(call)}/serviceAccounts/${account ?? ''}`;
    if (account !== undefined) iam.require(call.principal, [{ permission: 'iam.serviceAccounts.actAs', on }]);
    return config;
  };
  const change = (verb: 'pause' | 'resume' | 'run'): Route => ({
    id: `cloudscheduler.projects.locations.jobs.${verb}`,
    host: HOST,
    method: 'POST',
    path: new RegExp(`^${JOB}:${verb}$`),
    query: [],
    needs: needs(verb === 'resume' ? 'enable' : verb),
    async handle(call): Promise<Reply> {
      readBody(z.strictObject({}), call);
      return { body: shown(await jobs[verb](nameOf(call))) };
    },
  });

  return [
    {
      id: 'cloudscheduler.projects.locations.jobs.create',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^${JOBS}$`),
      query: [],
      needs: needs('create'),
      handle(call) {
        const config = check(call, readBody(jobSchema, call));
        const id = config.name.split('/').at(-1) ?? '';
        if (config.name !== `${parentOf(call)}/${id}` || !/^[\w-]{1,500}$/.test(id))
          throw new ApiError(
            'INVALID_ARGUMENT',
            `Job name must be ${parentOf(call)}/JOB, not "${config.name}".`,
          );
        return { body: shown(jobs.create(config.name, config)) };
      },
    },
    {
      id: 'cloudscheduler.projects.locations.jobs.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${JOBS}$`),
      query: ['pageSize', 'pageToken'],
      needs: needs('list'),
      handle(call) {
        const all = jobs.all.filter(({ name }) => name.startsWith(`${parentOf(call)}/`));
        return { body: pageAnswer('jobs', pageOfQuery(all, call.query, MAX_PAGE_SIZE), shown) };
      },
    },
    {
      id: 'cloudscheduler.projects.locations.jobs.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${JOB}$`),
      query: [],
      needs: needs('get'),
      handle: (call) => ({ body: shown(jobs.get(nameOf(call))) }),
    },
    {
      id: 'cloudscheduler.projects.locations.jobs.patch',
      host: HOST,
      method: 'PATCH',
      path: new RegExp(`^${JOB}$`),
      query: ['updateMask'],
      needs: needs('update'),
      handle(call) {
        const name = nameOf(call);
        const merged = masked(jobs.get(name).config, call.json(), call.query.get('updateMask') ?? '');
        return { body: shown(jobs.update(name, check(call, readMessage(jobSchema, { ...merged, name })))) };
      },
    },
    {
      id: 'cloudscheduler.projects.locations.jobs.delete',
      host: HOST,
      method: 'DELETE',
      path: new RegExp(`^${JOB}$`),
      query: [],
      needs: needs('delete'),
      handle(call) {
        jobs.delete(nameOf(call));
        return { body: {} };
      },
    },
    change('pause'),
    change('resume'),
    change('run'),
  ];
}

/** `present` with what `mask` names taken from `given`, at any depth. */
function masked(
  present: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
  mask: string,
): Readonly<Record<string, unknown>> {
  if (mask === '') return { ...present, ...given };
  const result = structuredClone(present) as Record<string, unknown>;
  for (const path of mask.split(',')) {
    const names = path
      .split('.')
      .map((name) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
    let at = result;
    let from: unknown = given;
    for (const name of names.slice(0, -1)) {
      at = at[name] = { ...(at[name] as object | undefined) };
      from = (from as Record<string, unknown> | undefined)?.[name];
    }
    at[names.at(-1) ?? ''] = (from as Record<string, unknown> | undefined)?.[names.at(-1) ?? ''];
  }
  return result;
}

function shown({ name, config, state, updatedMs, nextMs, lastMs, status }: Job): object {
  const time = (milliseconds: number): string => new Date(milliseconds).toISOString();
  return {
    ...config,
    name,
    state,
    userUpdateTime: time(updatedMs),
    ...(nextMs === undefined ? {} : { scheduleTime: time(nextMs) }),
    ...(lastMs === undefined ? {} : { lastAttemptTime: time(lastMs) }),
    ...(status === undefined ? {} : { status: status.code === 0 ? {} : status }),
  };
}
