import pMap from 'p-map';
import type { Api } from '../../../shared/google/api.ts';
import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { readBucketSums } from './bucket-traffic.ts';
import {
  addSteps,
  type OtherProjects,
  type OtherReads,
  type OtherVm,
  type Steps,
  sum,
  type Window,
} from './facts.ts';
import { createMetrics, ON_VM, RECEIVED, TYPE, VM, ZONE, type Metrics, type NotePartial } from './metrics.ts';

/** What one project of the scope receives from Google's services and sends from its buckets. */
export interface Neighbour {
  readonly project: string;
  readonly received: ReadonlyMap<string, OtherVm>;
  readonly reads: readonly OtherReads[];
  /** Why it could not be read, or not in whole; undefined where all was. */
  readonly unread: string | undefined;
}

/** Two queries each: more of them than a request has time for are named and left out. */
const MAX_PROJECTS = 300;
const AT_ONCE = 4;

/** Of each project, those that receive and send most: the others cannot be told from noise. */
const MAX_ENDS = 200;

/** Reads what may be at the other end of bucket reads in the projects of a scope. A project that cannot be read is named, no error. */
export async function readNeighbours(
  api: Api,
  projects: readonly string[],
  window: Window,
): Promise<readonly Neighbour[]> {
  const read = await pMap(
    projects.slice(0, MAX_PROJECTS),
    (project) => readNeighbour(createMetrics(api, project, window), project),
    { concurrency: AT_ONCE },
  );
  const why = `only the first ${MAX_PROJECTS} projects of the scope are joined`;
  const left = projects.slice(MAX_PROJECTS).map((project) => emptyNeighbour(project, why));
  return [...read, ...left];
}

/** The neighbours of one project, which is left out of them. */
export function othersOf(neighbours: readonly Neighbour[], project: string): OtherProjects {
  const others = neighbours.filter((one) => one.project !== project);
  return {
    received: new Map(others.flatMap(({ received }) => [...received])),
    reads: others.flatMap(({ reads }) => reads),
    unread: others.flatMap(({ project: name, unread }) =>
      unread === undefined ? [] : [{ project: name, why: unread }],
    ),
  };
}

export function emptyNeighbour(project: string, unread: string): Neighbour {
  return { project, received: new Map(), reads: [], unread };
}

async function readNeighbour(metrics: Metrics, project: string): Promise<Neighbour> {
  let unread: string | undefined;
  const partial: NotePartial = (why) => {
    unread = `Monitoring answered in part: ${why}`;
  };
  try {
    const [received, sent] = await Promise.all([
      readIngress(metrics, partial),
      readBucketSums(metrics, 'sent', partial),
    ]);
    return {
      project,
      received: new Map(largest(received).map(([vmId, one]) => [vmId, { project, ...one }])),
      reads: largest(new Map([...sent].map(([bucket, steps]) => [bucket, { steps }]))).map(
        ([bucket, { steps }]) => ({ project, bucket, steps }),
      ),
      unread,
    };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    return emptyNeighbour(project, messageOf(error));
  }
}

async function readIngress(
  metrics: Metrics,
  partial: NotePartial,
): Promise<ReadonlyMap<string, { readonly zone: string; readonly steps: Steps }>> {
  const found = new Map<string, { zone: string; steps: Steps }>();
  await metrics.sums(
    { metricType: RECEIVED, filter: `${ON_VM} AND ${TYPE} = "GOOGLE_INTERNAL"`, groupBy: [VM, ZONE] },
    partial,
    (series) => {
      const vmId = series.resourceLabels['instance_id'] ?? '';
      const steps = metrics.stepsOf(series);
      const before = found.get(vmId);
      found.set(vmId, {
        zone: series.resourceLabels['zone'] ?? '',
        steps: before === undefined ? steps : addSteps(steps, before.steps),
      });
    },
  );
  return found;
}

function largest<T extends { readonly steps: Steps }>(
  ends: ReadonlyMap<string, T>,
): readonly (readonly [string, T])[] {
  return [...ends].sort(([, a], [, b]) => sum(b.steps) - sum(a.steps)).slice(0, MAX_ENDS);
}
