import type { Api } from '../../shared/google/api.ts';
import { messageOf } from '../../shared/errors.ts';
import { GoogleApiError } from '../../shared/google/google-api-error.ts';
import { noteStrange } from '../../shared/google/read-items.ts';
import type { Gap } from '../../shared/run/receipt.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import type { Config } from './config.ts';
import { readBucketBytes, readBuckets, readBucketSums } from './traffic/bucket-traffic.ts';
import type { EgressFacts, OtherProjects, VmPlace } from './traffic/facts.ts';
import { readFlows, readSenders, type Attempt } from './traffic/flows.ts';
import { listBucketPlaces, listNotebookVms, listVms, type Listed } from './traffic/inventory.ts';
import { readLoadBalancers } from './traffic/load-balancers.ts';
import { createMetrics, RECEIVED, SENT, type Metrics, type NotePartial } from './traffic/metrics.ts';
import { readNat, readVmTraffic } from './traffic/vm-traffic.ts';
import { windowOf } from './traffic/window.ts';

/**
 * Reads all that the report needs: a constant number of queries, whatever the project's size. What cannot be read goes
 * to `gaps`. Throws `BadParameter` when Google shows nothing of the project at all, `GoogleApiError` when no traffic
 * can be read just now.
 */
export async function gatherEgress(
  api: Api,
  config: Config,
  now: Date,
  others: OtherProjects,
): Promise<EgressFacts> {
  const { project } = config;
  const window = windowOf(config, now);
  const reader = createReader(project);
  const [traffic, places] = await Promise.all([
    readTraffic(createMetrics(api, project, window), reader),
    listPlaces(api, project, reader),
  ]);
  const { notebooks, vms, ...restOfPlaces } = places;
  if (traffic.flows === undefined && traffic.reads === undefined)
    throw nothingRead(
      project,
      reader.errors,
      [vms, notebooks].some((list) => list !== undefined),
    );
  return {
    project,
    window,
    ...traffic,
    ...restOfPlaces,
    others,
    vms: vms === undefined ? undefined : withNotebooks(vms, notebooks),
    gaps: [...reader.gaps].sort((a, b) => (a.where < b.where ? -1 : 1)),
    apiCalls: { ...api.calls },
  };
}

/** Reads that go on without what Google does not answer, and remember what that was. */
interface Reader {
  readonly gaps: readonly Gap[];
  readonly errors: readonly unknown[];
  readonly attempt: Attempt;
  readonly listed: <T>(
    where: string,
    list: () => Promise<Listed<T>>,
  ) => Promise<ReadonlyMap<string, T> | undefined>;
  readonly partial: (where: string) => NotePartial;
}

function createReader(project: string): Reader {
  const gaps: Gap[] = [];
  const errors: unknown[] = [];
  const note = (where: string, why: string): void => {
    const gap = { where: `projects/${project} ${where}`, why };
    if (!gaps.some((known) => known.where === gap.where && known.why === gap.why)) gaps.push(gap);
  };
  const attempt: Attempt = async (where, read) => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GoogleApiError)) throw error;
      errors.push(error);
      note(where, error.message);
      return undefined;
    }
  };
  return {
    gaps,
    errors,
    attempt,
    listed: (where, list) =>
      attempt(where, async () => {
        const { found, unreachable, strange } = await list();
        noteStrange((gap) => void gaps.push(gap), `projects/${project} ${where}`, strange);
        for (const place of unreachable) note(place, `unreachable: ${where} there were not seen`);
        return found;
      }),
    partial: (where) => (why) => {
      note(where, `Monitoring answered in part: ${why}`);
    },
  };
}

async function readTraffic(metrics: Metrics, { attempt, partial }: Reader) {
  const flowing = attempt('VM egress', () => readFlows(metrics, partial('VM egress')));
  const [flows, senders, sent, received, nat, loadBalancers, reads, writes, bucketBytes] = await Promise.all([
    flowing,
    flowing.then((found) => readSenders(metrics, found ?? [], attempt, partial)),
    attempt('VM egress by VM', () => readVmTraffic(metrics, SENT, partial('VM egress by VM'))),
    attempt('VM ingress', () => readVmTraffic(metrics, RECEIVED, partial('VM ingress'))),
    attempt('Cloud NAT traffic', () => readNat(metrics, partial('Cloud NAT traffic'))),
    readLoadBalancers(metrics, attempt, partial('load balancers')),
    attempt('bucket reads', () => readBuckets(metrics, partial('bucket reads'))),
    attempt('bucket writes', () => readBucketSums(metrics, 'received', partial('bucket writes'))),
    attempt('bucket sizes', () => readBucketBytes(metrics, partial('bucket sizes'))),
  ]);
  return {
    flows,
    ...senders,
    sent,
    received,
    nat,
    loadBalancers,
    reads,
    writes,
    bucketBytes: bucketBytes ?? new Map<string, number>(),
  };
}

async function listPlaces(api: Api, project: string, { listed }: Reader) {
  const [buckets, vms, notebooks] = await Promise.all([
    listed('buckets', () => listBucketPlaces(api, project)),
    listed('VMs', () => listVms(api, project)),
    listed('notebooks', () => listNotebookVms(api, project)),
  ]);
  return { buckets, vms, notebooks };
}

/** A project of which nothing at all is shown may not exist; Google answers the same to callers without rights. */
function nothingRead(project: string, errors: readonly unknown[], exists: boolean): unknown {
  const refused =
    !exists &&
    errors.every(
      (error) => error instanceof GoogleApiError && (error.status === 403 || error.status === 404),
    );
  return refused
    ? new BadParameter(
        'project',
        project,
        `a project that exists and on which egress-auditor has its role: Google shows nothing of this one (${messageOf(errors[0])})`,
      )
    : (errors.find((error) => error instanceof GoogleApiError && error.retryable) ?? errors[0]);
}

function withNotebooks(
  vms: ReadonlyMap<string, VmPlace>,
  notebooks: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, VmPlace> {
  if (notebooks === undefined) return vms;
  return new Map([...vms].map(([id, vm]) => [id, { ...vm, notebook: notebooks.get(id) }]));
}
