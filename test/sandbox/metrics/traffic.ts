import { z } from 'zod';
import type { Fleet, Vm } from '../services/compute/fleet.ts';
import type { ProjectSeed } from '../scenario.ts';
import { loadBalancerMetrics, metricOf } from '../services/monitoring/metric-catalog.ts';
import type { Labelled, Sample, Series, SeriesQuery } from '../services/monitoring/series.ts';
import type { Projects } from '../services/resource-manager/projects.ts';

const GIB = 2 ** 30;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * One end of a flow: `vm:NAME` or `vms` (each VM of the project), `gs://BUCKET`, `zone:ZONE` (another user's VM there),
 * `country:CODE/CONTINENT`, `google` (Google's APIs), `on-prem` or `lb:PATH:NAME` (a load balancer of a kind, `lb:https:web`).
 */
const endSchema = z
  .string()
  .regex(
    /^(?:vm:.+|vms|gs:\/\/.+|zone:[a-z]+-[a-z]+\d+-[a-z]|zone:global|country:[^/]*\/(?:America|Asia|Europe|NOT_APPLICABLE)|google|on-prem|other:.*|lb:[a-z0-9_/]+:[a-z0-9-]+)$/,
  );

/** Traffic that is known, from which every metric that shows it is made. */
export const flowSchema = z.strictObject({
  from: endSchema,
  /** A list means that much to each. */
  to: z.union([endSchema, z.array(endSchema)]),
  gibPerDay: z.number().positive(),
  /** Factors of one day after the other, again from the start when they are used up; the first is that of 1970-01-01. */
  daily: z.array(z.number().nonnegative()).min(1).default([1]),
  /** Between VMs over external addresses: both see the internet. */
  external: z.boolean().default(false),
  /** Through Cloud NAT. */
  nat: z.boolean().default(false),
  /** Of reads of a bucket. */
  method: z.string().default('ReadObject'),
  /** Answered by Cloud CDN in front of a load balancer. */
  cached: z.boolean().default(false),
});

export type FlowSeed = z.output<typeof flowSchema>;

const SENT = 'networking.googleapis.com/vm_flow/egress_bytes_count';
const RECEIVED = 'networking.googleapis.com/vm_flow/ingress_bytes_count';
const NAT_SENT = 'compute.googleapis.com/nat/sent_bytes_count';
const NAT_RECEIVED = 'compute.googleapis.com/nat/received_bytes_count';
const BUCKET_SENT = 'storage.googleapis.com/network/sent_bytes_count';

const BUCKET_RECEIVED = 'storage.googleapis.com/network/received_bytes_count';
const LOAD_BALANCERS = 'loadbalancing.googleapis.com/';

const METRICS: ReadonlySet<string> = new Set([
  SENT,
  RECEIVED,
  NAT_SENT,
  NAT_RECEIVED,
  BUCKET_SENT,
  BUCKET_RECEIVED,
]);

export function isTrafficMetric(metricType: string): boolean {
  return METRICS.has(metricType) || metricType.startsWith(LOAD_BALANCERS);
}

/** The series of a project's known traffic. Each sums up a span without going through its minutes. */
export function trafficSeries(
  fleet: Fleet,
  projects: Projects,
  locationOf: (bucket: string) => string | undefined,
): (projectId: string, query: SeriesQuery) => Iterable<Series> | undefined {
  return (projectId, { metricType }) => {
    const project = projects.all.find((known) => known.id === projectId || known.number === projectId);
    return project === undefined ? undefined : seriesOf(project, metricType);
  };

  function* seriesOf(project: ProjectSeed, metricType: string): Generator<Series> {
    const vms = fleet.vmsOf(project.id);
    const byName = new Map(vms.map((vm) => [vm.name, vm]));
    const machines = (end: string): readonly Vm[] => {
      if (end === 'vms') return vms;
      if (!end.startsWith('vm:')) return [];
      const vm = byName.get(end.slice('vm:'.length));
      if (vm === undefined)
        throw new Error(`The traffic of ${project.id} names a VM that does not exist: ${end}`);
      return [vm];
    };
    for (const flow of project.traffic)
      for (const to of [flow.to].flat())
        switch (metricType) {
          case SENT:
            for (const vm of machines(flow.from))
              yield vmFlow(SENT, vm, remoteOf(project, to, flow, machines(to)[0]), flow);
            break;
          case RECEIVED:
            for (const vm of machines(to))
              yield vmFlow(RECEIVED, vm, remoteOf(project, flow.from, flow, machines(flow.from)[0]), flow);
            break;
          case NAT_SENT:
            if (flow.nat) for (const vm of machines(flow.from)) yield natFlow(NAT_SENT, vm, flow);
            break;
          case NAT_RECEIVED:
            if (flow.nat) for (const vm of machines(to)) yield natFlow(NAT_RECEIVED, vm, flow);
            break;
          case BUCKET_SENT:
            if (flow.from.startsWith('gs://')) yield bucketFlow(metricType, project.id, flow.from, flow);
            break;
          case BUCKET_RECEIVED:
            if (to.startsWith('gs://')) yield bucketFlow(metricType, project.id, to, flow);
            break;
          default:
            yield* loadBalancerFlow(metricType, project.id, to, flow);
        }
  }

  function bucketFlow(metricType: string, projectId: string, end: string, flow: FlowSeed): Series {
    const bucket = end.slice('gs://'.length);
    const location = locationOf(bucket);
    if (location === undefined)
      throw new Error(`The traffic of ${projectId} names a bucket that does not exist: ${bucket}`);
    return series(
      metricType,
      { response_code: 'OK', method: flow.method },
      {
        type: 'gcs_bucket',
        labels: { project_id: projectId, bucket_name: bucket, location: location.toLowerCase() },
      },
      flow,
      [{ fromMs: -Infinity, untilMs: undefined }],
    );
  }
}

type Labels = Readonly<Record<string, string>>;

/** What a load balancer got from clients, or sent to them. */
function* loadBalancerFlow(
  metricType: string,
  projectId: string,
  to: string,
  flow: FlowSeed,
): Generator<Series> {
  for (const [end, which] of [
    [to, 'into'],
    [flow.from, 'out'],
  ] as const) {
    const [, path, name = ''] = /^lb:([^:]+):(.+)$/.exec(end) ?? [];
    if (path === undefined || loadBalancerMetrics(path)[which] !== metricType) continue;
    const { resourceType, labels } = metricOf(metricType);
    const known: Labels = { cache_result: flow.cached ? 'HIT' : 'MISS', protocol: 'HTTP/2.0' };
    yield series(
      metricType,
      Object.fromEntries(labels.map((label) => [label, known[label] ?? 'UNKNOWN'])),
      {
        type: resourceType,
        labels: { project_id: projectId, region: 'global', forwarding_rule_name: name },
      },
      flow,
      [{ fromMs: -Infinity, untilMs: undefined }],
    );
  }
}

const NOWHERE = 'NOT_APPLICABLE';

/** The labels of the remote end, as the list of metrics names them (April 2026). */
function remoteOf(project: ProjectSeed, end: string, flow: FlowSeed, vm: Vm | undefined): Labels {
  const external = (country: string, continent: string): Labels => ({
    remote_location_type: 'EXTERNAL',
    remote_country: country,
    remote_continent: continent,
    remote_zone: 'REMOTE_IS_EXTERNAL',
    remote_project_id: 'REMOTE_IS_EXTERNAL',
  });
  const inside = (locationType: string, zone: string): Labels => ({
    remote_location_type: locationType,
    remote_country: NOWHERE,
    remote_continent: NOWHERE,
    remote_zone: zone,
    remote_project_id: project.id,
  });
  if (vm !== undefined) return flow.external ? external(...placeOf(vm.zone)) : inside('CLOUD', vm.zone);
  if (end.startsWith('zone:')) return inside('CLOUD', end.slice('zone:'.length));
  if (end.startsWith('country:')) {
    const [country = '', continent = ''] = end.slice('country:'.length).split('/');
    return external(country, continent);
  }
  if (end === 'on-prem') return inside('ON_PREM', NOWHERE);
  if (end.startsWith('other:')) return inside(end.slice('other:'.length), NOWHERE);
  return inside('GOOGLE_INTERNAL', NOWHERE);
}

/** Where an external address of a VM appears to be. */
function placeOf(zone: string): [country: string, continent: string] {
  if (zone.startsWith('europe-')) return ['nld', 'Europe'];
  return zone.startsWith('asia-') ? ['twn', 'Asia'] : ['usa', 'America'];
}

function vmFlow(metricType: string, vm: Vm, remote: Labels, flow: FlowSeed): Series {
  const local = {
    local_network: 'default',
    local_subnetwork: 'default',
    local_network_interface: 'nic0',
    remote_network: 'default',
    remote_subnetwork: 'default',
    protocol: 'TCP',
    network_topology_remote_label: 'UNSUPPORTED',
    remote_vpn_tunnel: 'UNSUPPORTED',
  };
  return series(metricType, { ...local, ...remote }, machine(vm), flow, vm.runs);
}

function natFlow(metricType: string, vm: Vm, flow: FlowSeed): Series {
  const labels = {
    nat_project_number: '0',
    router_id: '1',
    nat_gateway_name: 'nat',
    ip_protocol: '6',
  };
  return series(metricType, labels, machine(vm), flow, vm.runs);
}

function machine({ projectId, id, zone }: Vm): Labelled {
  return { type: 'gce_instance', labels: { project_id: projectId, instance_id: id, zone } };
}

function series(
  metricType: string,
  labels: Labels,
  resource: Labelled,
  flow: FlowSeed,
  runs: readonly { readonly fromMs: number; readonly untilMs: number | undefined }[],
): Series {
  const { metricKind, valueType, unit } = metricOf(metricType);
  return {
    metric: { type: metricType, labels },
    resource,
    metricKind,
    valueType,
    unit,
    *points(fromMs, toMs): Iterable<Sample> {
      for (const run of runs)
        for (const atMs of minutes(Math.max(fromMs, run.fromMs), Math.min(toMs, run.untilMs ?? Infinity))) {
          const value = bytesPerMinute(flow, atMs);
          if (value > 0) yield { atMs, value };
        }
    },
    sum: (fromMs, toMs) => {
      let total = 0;
      for (const run of runs) {
        let from = Math.max(fromMs, run.fromMs);
        const to = Math.min(toMs, run.untilMs ?? Infinity);
        while (from < to) {
          const until = Math.min(to, (Math.floor(from / DAY_MS) + 1) * DAY_MS);
          const count = Math.floor(until / MINUTE_MS) - Math.floor(from / MINUTE_MS);
          total += count * bytesPerMinute(flow, until);
          from = until;
        }
      }
      return total > 0 ? total : undefined;
    },
  };
}

function* minutes(fromMs: number, toMs: number): Generator<number> {
  for (let atMs = (Math.floor(fromMs / MINUTE_MS) + 1) * MINUTE_MS; atMs <= toMs; atMs += MINUTE_MS)
    yield atMs;
}

/** Of the minute that ends at `atMs`; midnight's belongs to the day before. */
function bytesPerMinute({ gibPerDay, daily }: FlowSeed, atMs: number): number {
  const day = Math.floor((atMs - 1) / DAY_MS);
  return Math.round((gibPerDay * (daily[day % daily.length] ?? 1) * GIB) / 1_440);
}
