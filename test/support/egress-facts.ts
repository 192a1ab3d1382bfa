import {
  addSteps,
  type EgressFacts,
  type Flow,
  type LoadBalancerTraffic,
  NO_OTHERS,
  type OtherVm,
  type Sent,
  type Steps,
  type VmPlace,
} from '../../functions/egress-auditor/traffic/facts.ts';
import { bucketPlace } from '../../functions/egress-auditor/traffic/geography.ts';

export const GIB = 2 ** 30;
export const HOURS = 168;
export const MONTHS = 730 / HOURS;

export interface WorldVm {
  readonly id: string;
  readonly zone: string;
  /** Of its external address; none when absent. */
  readonly tier?: 'PREMIUM' | 'STANDARD';
  /** Another project of the scope, if it is not in the one of the report. */
  readonly project?: string;
}

export interface WorldBucket {
  readonly name: string;
  readonly location: string;
  readonly dataLocations?: readonly string[];
  readonly gib?: number;
}

/** What goes from where to where: `vm:a`, `gs://b`, `google`, `on-prem`, `country:usa/America`, `lb:https:web`; GiB of each day of a week. */
export interface WorldFlow {
  readonly from: string;
  readonly to: string;
  readonly gib: Steps;
  /** The week before, as a part of this one. */
  readonly before?: number;
  readonly nat?: boolean;
}

export interface World {
  readonly vms: readonly WorldVm[];
  readonly buckets?: readonly WorldBucket[];
  readonly flows: readonly WorldFlow[];
}

export const everyDay = (gibPerDay: number): Steps => Array<number>(7).fill(gibPerDay);

/** The days of `daily` in turn, in GiB. */
export function unevenDays(gibPerDay: number, daily: readonly number[]): Steps {
  return Array.from({ length: 7 }, (_, day) => gibPerDay * (daily[day % daily.length] ?? 1));
}

interface Remote {
  readonly locationType: string;
  readonly zone: string;
  readonly country: string;
  readonly continent: string;
}

/** What metrics and listings would show of a world whose traffic is known. */
export function factsOf({ vms, buckets = [], flows }: World): EgressFacts {
  const byId = new Map(vms.map((vm) => [vm.id, vm]));
  const vmOf = (end: string): WorldVm | undefined => byId.get(end.replace(/^vm:/, ''));
  const isOther = (end: string): boolean => end.startsWith('vm:') && vmOf(end)?.project !== undefined;
  const remoteOf = (end: string): Remote => {
    const none = { zone: '', country: '', continent: '' };
    const vm = end.startsWith('vm:') ? vmOf(end) : undefined;
    if (vm !== undefined) return { ...none, locationType: 'CLOUD', zone: vm.zone };
    const [country = '', continent = ''] = end.replace(/^country:/, '').split('/');
    if (end.startsWith('country:')) return { ...none, locationType: 'EXTERNAL', country, continent };
    return { ...none, locationType: end === 'on-prem' ? 'ON_PREM' : 'GOOGLE_INTERNAL' };
  };
  const bytesOf = (steps: Steps): Steps => steps.map((gib) => gib * GIB);
  const total = (steps: Steps): number => steps.reduce((sum, gib) => sum + gib, 0) * GIB;
  const vmFlows = flows.flatMap((flow) => {
    const vm = flow.from.startsWith('vm:') ? vmOf(flow.from) : undefined;
    return vm === undefined || isOther(flow.from) ? [] : [{ flow, vm, remote: remoteOf(flow.to) }];
  });
  const received = flows.flatMap((flow) => {
    const vm = flow.to.startsWith('vm:') ? vmOf(flow.to) : undefined;
    return vm === undefined || isOther(flow.to) ? [] : [{ flow, vm, remote: remoteOf(flow.from) }];
  });
  const sentTo = (list: typeof vmFlows, type: string, key: 'zone' | 'country'): readonly Sent[] =>
    list
      .filter(({ remote }) => remote.locationType === type)
      .map(({ flow, vm, remote }) => ({
        vmId: vm.id,
        zone: vm.zone,
        to: remote[key],
        bytes: total(flow.gib),
      }));
  const endMs = Date.parse('2026-11-18T00:00:00Z');
  return {
    project: 'ml-lab',
    window: { requested: '7d', hours: HOURS, startMs: endMs - HOURS * 3_600_000, endMs, stepHours: 24 },
    flows: vmFlows.map(({ flow, vm, remote }): Flow => ({
      zone: vm.zone,
      remote,
      steps: bytesOf(flow.gib),
      previous: total(flow.gib) * (flow.before ?? 0),
    })),
    sent: trafficOf(vmFlows),
    received: trafficOf(received),
    toZones: sentTo(vmFlows, 'CLOUD', 'zone'),
    toCountries: sentTo(vmFlows, 'EXTERNAL', 'country'),
    fromZones: sentTo(received, 'CLOUD', 'zone'),
    nat: natOf(
      // Between two VMs it is the gateway of the one that opens the connection.
      [...vmFlows, ...received.filter(({ flow }) => !flow.from.startsWith('vm:'))].filter(
        ({ flow }) => flow.nat === true,
      ),
    ),
    loadBalancers: flows.flatMap(loadBalancerOf),
    writes: writesOf(flows),
    others: { ...NO_OTHERS, received: receivedElsewhere() },
    reads: flows
      .filter(({ from }) => from.startsWith('gs://'))
      .map(({ from, gib }) => {
        const bucket = buckets.find(({ name }) => `gs://${name}` === from);
        return {
          bucket: bucket?.name ?? '',
          location: bucket?.location.toLowerCase() ?? '',
          method: 'ReadObject',
          steps: bytesOf(gib),
          previous: 0,
        };
      }),
    bucketBytes: new Map(buckets.map(({ name, gib = 1 }) => [name, gib * GIB])),
    buckets: new Map(
      buckets.map(({ name, location, dataLocations }) => [name, bucketPlace(location, dataLocations)]),
    ),
    vms: new Map(vms.filter(({ project }) => project === undefined).map((vm) => [vm.id, placeOf(vm)])),
    gaps: [],
    apiCalls: {},
  };

  function receivedElsewhere(): EgressFacts['others']['received'] {
    const all = new Map<string, OtherVm>();
    for (const { to, gib } of flows.filter((flow) => isOther(flow.to))) {
      const { id = '', zone = '', project = '' } = vmOf(to) ?? {};
      all.set(id, { project, zone, steps: addSteps(bytesOf(gib), all.get(id)?.steps ?? everyDay(0)) });
    }
    return all;
  }

  function writesOf(all: readonly WorldFlow[]): ReadonlyMap<string, Steps> {
    const writes = new Map<string, Steps>();
    for (const { to, gib } of all.filter((flow) => flow.to.startsWith('gs://'))) {
      const bucket = to.slice('gs://'.length);
      writes.set(bucket, addSteps(bytesOf(gib), writes.get(bucket) ?? everyDay(0)));
    }
    return writes;
  }

  function loadBalancerOf({ from, to, gib }: WorldFlow): readonly LoadBalancerTraffic[] {
    return (
      [
        [to, 'into'],
        [from, 'out'],
      ] as const
    ).flatMap(([end, direction]) => {
      const [, path, rule = ''] = /^lb:([^:]+):(.+)$/.exec(end) ?? [];
      if (path === undefined) return [];
      const steps = bytesOf(gib);
      return [{ path, text: path, passthrough: path.startsWith('l3/'), direction, rule, steps, previous: 0 }];
    });
  }

  function trafficOf(list: typeof vmFlows): NonNullable<EgressFacts['sent']> {
    const all = new Map<string, { zone: string; byType: Record<string, Steps> }>();
    for (const { flow, vm, remote } of list) {
      const known = all.get(vm.id) ?? { zone: vm.zone, byType: {} };
      const before = known.byType[remote.locationType] ?? everyDay(0);
      known.byType[remote.locationType] = before.map((bytes, day) => bytes + (flow.gib[day] ?? 0) * GIB);
      all.set(vm.id, known);
    }
    return all;
  }

  function natOf(list: typeof vmFlows): NonNullable<EgressFacts['nat']> {
    const all = new Map<string, { zone: string; steps: Steps; previous: number }>();
    for (const { flow, vm } of list) {
      const before = all.get(vm.id)?.steps ?? everyDay(0);
      const steps = before.map((bytes, day) => bytes + (flow.gib[day] ?? 0) * GIB);
      all.set(vm.id, { zone: vm.zone, steps, previous: 0 });
    }
    return all;
  }
}

function placeOf({ id, zone, tier }: WorldVm): VmPlace {
  return {
    name: id,
    zone,
    tiers: tier === undefined ? [] : [tier],
    addresses: tier === undefined ? [] : ['203.0.113.1'],
    notebook: undefined,
  };
}
