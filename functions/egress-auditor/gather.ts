import type { Api } from '../../shared/api.ts';
import { messageOf } from '../../shared/errors.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { visitSeries, type Series, type SeriesQuery } from '../../shared/monitoring.ts';
import { OutsideError } from '../../shared/outside-error.ts';
import type { Gap } from '../../shared/receipt.ts';
import type { Config } from './config.ts';
import type {
  BucketReads,
  EgressFacts,
  Flow,
  NatTraffic,
  Sent,
  Steps,
  VmPlace,
  VmTraffic,
  Window,
} from './traffic/facts.ts';
import { regionOf } from './traffic/geography.ts';
import { listBucketPlaces, listNotebookVms, listSubnets, listVms, type Listed } from './traffic/inventory.ts';

const SENT = 'networking.googleapis.com/vm_flow/egress_bytes_count';
const RECEIVED = 'networking.googleapis.com/vm_flow/ingress_bytes_count';
const NAT_SENT = 'compute.googleapis.com/nat/sent_bytes_count';
const NAT_RECEIVED = 'compute.googleapis.com/nat/received_bytes_count';
const BUCKET_SENT = 'storage.googleapis.com/network/sent_bytes_count';
const BUCKET_BYTES = 'storage.googleapis.com/storage/total_bytes';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The slowest of the metrics is visible after 210 seconds (list of metrics, April 2026). */
const DELAY_MINUTES = 4;

/** A daily gauge: the last day may still be under way. */
const GAUGE_HOURS = 26;

/** Of which it is asked which VM sends there: traffic has few destinations that matter. */
const DESTINATIONS = 40;

/** Some 3 MB of JSON each: with all queries at once, memory stays far below an instance's. */
const PAGE_POINTS = 20_000;

const LABEL = 'metric.labels.';
const TYPE = `${LABEL}remote_location_type`;
const VM = 'resource.labels.instance_id';
const ZONE = 'resource.labels.zone';
const ON_VM = 'resource.type = "gce_instance"';
const ON_BUCKET = 'resource.type = "gcs_bucket"';

/** The window that ends where the metrics are complete, in steps that divide it evenly. */
export function windowOf({ window: { asked, hours } }: Config, now: Date): Window {
  const endMs = (Math.floor(now.getTime() / MINUTE_MS) - DELAY_MINUTES) * MINUTE_MS;
  return { asked, hours, startMs: endMs - hours * HOUR_MS, endMs, stepHours: stepHoursOf(hours) };
}

/** Hours of a day, days of longer windows; where a window is no number of days, the nearest step that divides it. */
function stepHoursOf(hours: number): number {
  if (hours <= 24) return 1;
  const divisors = Array.from({ length: hours }, (_, index) => index + 1).filter(
    (step) => hours % step === 0,
  );
  return divisors.findLast((step) => step >= 6 && step <= 24) ?? divisors.find((step) => step > 24) ?? hours;
}

/**
 * Reads all that the report needs: a constant number of queries, whatever the project's size. What cannot be read goes
 * to `gaps`. Throws `Refusal` when Google shows nothing of the project at all, `OutsideError` when no traffic
 * can be read just now.
 */
export async function gatherEgress(api: Api, config: Config, now: Date): Promise<EgressFacts> {
  const { project } = config;
  const window = windowOf(config, now);
  const gaps: Gap[] = [];
  const errors: unknown[] = [];
  const attempt = async <T>(where: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      errors.push(error);
      gaps.push({ where: `projects/${project} ${where}`, why: error.message });
      return undefined;
    }
  };
  const listed = async <T>(where: string, list: () => Promise<Listed<T>>) =>
    attempt(where, async () => {
      const { found, unreachable } = await list();
      for (const place of unreachable)
        gaps.push({
          where: `projects/${project} ${place}`,
          why: `unreachable: ${where} there were not seen`,
        });
      return found;
    });
  const partial = (where: string) => (why: string) => {
    const gap = { where: `projects/${project} ${where}`, why: `Monitoring answered in part: ${why}` };
    if (!gaps.some((known) => known.where === gap.where && known.why === gap.why)) gaps.push(gap);
  };

  const metrics = createMetrics(api, project, window);
  const flowing = attempt('VM egress', () => readFlows(metrics, partial('VM egress')));
  const refined = flowing.then((flows) => refine(metrics, flows ?? [], attempt, partial));
  const [flows, talkers, sent, received, nat, reads, bucketBytes, buckets, vms, notebooks, subnets] =
    await Promise.all([
      flowing,
      refined,
      attempt('VM egress by VM', () => readVmTraffic(metrics, SENT, partial('VM egress by VM'))),
      attempt('VM ingress', () => readVmTraffic(metrics, RECEIVED, partial('VM ingress'))),
      attempt('Cloud NAT traffic', () => readNat(metrics, partial('Cloud NAT traffic'))),
      attempt('bucket reads', () => readBuckets(metrics, partial('bucket reads'))),
      attempt('bucket sizes', () => readBucketBytes(metrics, partial('bucket sizes'))),
      listed('buckets', () => listBucketPlaces(api, project)),
      listed('VMs', () => listVms(api, project)),
      listed('notebooks', () => listNotebookVms(api, project)),
      listed('subnets', () => listSubnets(api, project)),
    ]);
  if (flows === undefined && reads === undefined)
    throw nothingRead(
      project,
      errors,
      [vms, notebooks, subnets].some((list) => list !== undefined),
    );
  return {
    project,
    window,
    flows,
    sent,
    received,
    ...talkers,
    nat,
    reads,
    bucketBytes: bucketBytes ?? new Map<string, number>(),
    buckets,
    vms: vms === undefined ? undefined : withNotebooks(vms, notebooks),
    subnets,
    gaps: gaps.sort((a, b) => (a.where < b.where ? -1 : 1)),
    apiCalls: { ...api.calls },
  };
}

/** A project of which nothing at all is shown may not exist; Google does not tell a stranger. */
function nothingRead(project: string, errors: readonly unknown[], exists: boolean): unknown {
  const refused =
    !exists &&
    errors.every((error) => error instanceof OutsideError && (error.status === 403 || error.status === 404));
  return refused
    ? new BadParameter(
        'project',
        project,
        `a project that exists and on which egress-auditor has its role: Google shows nothing of this one (${messageOf(errors[0])})`,
      )
    : (errors.find((error) => error instanceof OutsideError && error.retryable) ?? errors[0]);
}

function withNotebooks(
  vms: ReadonlyMap<string, VmPlace>,
  notebooks: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, VmPlace> {
  if (notebooks === undefined) return vms;
  return new Map([...vms].map(([id, vm]) => [id, { ...vm, notebook: notebooks.get(id) }]));
}

interface Ask {
  readonly metricType: string;
  readonly filter: string;
  readonly groupBy: readonly string[];
  /** One point for the whole window instead of one for each step. */
  readonly whole?: boolean;
}

interface Metrics {
  /** Calls `use` with each series of the answer, page by page. */
  sums(ask: Ask, partial: (why: string) => void, use: (series: Series) => void): Promise<void>;
  gauge(ask: Ask, partial: (why: string) => void, use: (series: Series) => void): Promise<void>;
  stepsOf(series: Series): Steps;
}

function createMetrics(api: Api, projectId: string, window: Window): Metrics {
  const stepMs = window.stepHours * HOUR_MS;
  const count = window.hours / window.stepHours;
  const run = async (
    query: SeriesQuery,
    partial: (why: string) => void,
    use: (series: Series) => void,
  ): Promise<void> => {
    (await visitSeries(api, query, use)).forEach(partial);
  };
  const base = { projectId, startMs: window.startMs, endMs: window.endMs, pageSize: PAGE_POINTS };
  return {
    sums: ({ whole = false, ...ask }, partial, use) =>
      run(
        {
          ...base,
          ...ask,
          aligner: 'ALIGN_SUM',
          alignmentSeconds: (whole ? window.hours : window.stepHours) * 3_600,
          reducer: 'REDUCE_SUM',
        },
        partial,
        use,
      ),
    gauge: (ask, partial, use) =>
      run(
        {
          ...base,
          ...ask,
          startMs: window.endMs - GAUGE_HOURS * HOUR_MS,
          aligner: 'ALIGN_NEXT_OLDER',
          alignmentSeconds: GAUGE_HOURS * 3_600,
          reducer: 'REDUCE_SUM',
        },
        partial,
        use,
      ),
    stepsOf(series) {
      const steps = Array<number>(count).fill(0);
      for (const { endMs, value } of series.points) {
        const index = Math.round((endMs - window.startMs) / stepMs) - 1;
        if (index >= 0 && index < count) steps[index] = (steps[index] ?? 0) + value;
      }
      return steps;
    },
  };
}

async function readFlows(metrics: Metrics, partial: (why: string) => void): Promise<readonly Flow[]> {
  const flows: Flow[] = [];
  await metrics.sums(
    {
      metricType: SENT,
      filter: ON_VM,
      groupBy: [ZONE, TYPE, `${LABEL}remote_zone`, `${LABEL}remote_country`, `${LABEL}remote_continent`],
    },
    partial,
    (series) => {
      const labels = series.metricLabels;
      flows.push({
        zone: series.resourceLabels['zone'] ?? '',
        remote: {
          locationType: labels['remote_location_type'] ?? '',
          zone: labels['remote_zone'] ?? '',
          country: labels['remote_country'] ?? '',
          continent: labels['remote_continent'] ?? '',
        },
        steps: metrics.stepsOf(series),
      });
    },
  );
  return flows;
}

type Attempt = <T>(where: string, read: () => Promise<T>) => Promise<T | undefined>;

/** Which VM sends to the destinations that get most. */
async function refine(
  metrics: Metrics,
  flows: readonly Flow[],
  attempt: Attempt,
  partial: (where: string) => (why: string) => void,
): Promise<Pick<EgressFacts, 'toZones' | 'toCountries'>> {
  const read = async (label: string, type: string, where: string, names: readonly string[]) =>
    names.length === 0
      ? []
      : ((await attempt(where, () => readSent(metrics, label, type, names, partial(where)))) ?? []);
  const [toZones, toCountries] = await Promise.all([
    read(
      'remote_zone',
      'CLOUD',
      'VM egress by zone',
      largest(flows, 'CLOUD', ({ zone }) => zone),
    ),
    read(
      'remote_country',
      'EXTERNAL',
      'VM egress by country',
      largest(flows, 'EXTERNAL', ({ country }) => country),
    ),
  ]);
  return { toZones, toCountries };
}

/** The destinations that get most, what costs money before what is free. */
function largest(
  flows: readonly Flow[],
  type: string,
  nameOf: (remote: Flow['remote']) => string,
): readonly string[] {
  const bytes = new Map<string, number>();
  for (const { zone, remote, steps } of flows) {
    if (remote.locationType !== type) continue;
    // What stays in the zone is free, what stays in the region nearly so.
    const weight = remote.zone === zone ? 1e-6 : regionOf(remote.zone) === regionOf(zone) ? 0.2 : 1;
    const name = nameOf(remote);
    bytes.set(name, (bytes.get(name) ?? 0) + weight * steps.reduce((sum, value) => sum + value, 0));
  }
  return [...bytes]
    .sort(([, a], [, b]) => b - a)
    .slice(0, DESTINATIONS)
    .map(([name]) => name);
}

async function readSent(
  metrics: Metrics,
  label: string,
  type: string,
  names: readonly string[],
  partial: (why: string) => void,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const list = names.map((name) => JSON.stringify(name)).join(', ');
  await metrics.sums(
    {
      metricType: SENT,
      filter: `${ON_VM} AND ${TYPE} = "${type}" AND ${LABEL}${label} = one_of(${list})`,
      groupBy: [VM, ZONE, `${LABEL}${label}`],
      whole: true,
    },
    partial,
    ({ resourceLabels, metricLabels, points }) => {
      sent.push({
        vmId: resourceLabels['instance_id'] ?? '',
        zone: resourceLabels['zone'] ?? '',
        to: metricLabels[label] ?? '',
        bytes: points.reduce((sum, { value }) => sum + value, 0),
      });
    },
  );
  return sent;
}

async function readVmTraffic(
  metrics: Metrics,
  metricType: string,
  partial: (why: string) => void,
): Promise<ReadonlyMap<string, VmTraffic>> {
  const traffic = new Map<string, { zone: string; byType: Record<string, Steps> }>();
  await metrics.sums({ metricType, filter: ON_VM, groupBy: [VM, ZONE, TYPE] }, partial, (series) => {
    const id = series.resourceLabels['instance_id'] ?? '';
    const known = traffic.get(id) ?? { zone: series.resourceLabels['zone'] ?? '', byType: {} };
    const type = series.metricLabels['remote_location_type'] ?? '';
    // A series may go on from one page to the next.
    const before = known.byType[type];
    const steps = metrics.stepsOf(series);
    known.byType[type] =
      before === undefined ? steps : steps.map((value, index) => value + (before[index] ?? 0));
    traffic.set(id, known);
  });
  return traffic;
}

async function readNat(
  metrics: Metrics,
  partial: (why: string) => void,
): Promise<ReadonlyMap<string, NatTraffic>> {
  const nat = new Map<string, NatTraffic>();
  const add = (key: keyof NatTraffic) => (series: Series) => {
    const id = series.resourceLabels['instance_id'] ?? '';
    const known = nat.get(id) ?? { sentBytes: 0, receivedBytes: 0 };
    nat.set(id, { ...known, [key]: known[key] + series.points.reduce((sum, { value }) => sum + value, 0) });
  };
  const ask = { filter: ON_VM, groupBy: [VM], whole: true };
  await Promise.all([
    metrics.sums({ ...ask, metricType: NAT_SENT }, partial, add('sentBytes')),
    metrics.sums({ ...ask, metricType: NAT_RECEIVED }, partial, add('receivedBytes')),
  ]);
  return nat;
}

async function readBuckets(
  metrics: Metrics,
  partial: (why: string) => void,
): Promise<readonly BucketReads[]> {
  const reads: BucketReads[] = [];
  const groupBy = ['resource.labels.bucket_name', 'resource.labels.location', `${LABEL}method`];
  await metrics.sums({ metricType: BUCKET_SENT, filter: ON_BUCKET, groupBy }, partial, (series) => {
    reads.push({
      bucket: series.resourceLabels['bucket_name'] ?? '',
      location: series.resourceLabels['location'] ?? '',
      method: series.metricLabels['method'] ?? '',
      steps: metrics.stepsOf(series),
    });
  });
  return reads;
}

async function readBucketBytes(
  metrics: Metrics,
  partial: (why: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const bytes = new Map<string, number>();
  const groupBy = ['resource.labels.bucket_name'];
  await metrics.gauge({ metricType: BUCKET_BYTES, filter: ON_BUCKET, groupBy }, partial, (series) => {
    const [latest] = series.points;
    if (latest !== undefined) bytes.set(series.resourceLabels['bucket_name'] ?? '', latest.value);
  });
  return bytes;
}
