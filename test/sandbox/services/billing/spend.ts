import type { Clock } from '../../clock/clock.ts';
import type { Fleet, Vm } from '../compute/fleet.ts';
import {
  diskRate,
  EXTERNAL_IPV4_USD_PER_HOUR,
  machineRate,
  sum,
  times,
  type PricedMachine,
  type Rate,
} from '../../prices/prices.ts';
import type { ProjectSeed } from '../../scenario.ts';
import type { JobSpec, MachineSpec } from '../vertex/messages.ts';
import type { Vertex, VertexEndpoint, VertexJob } from '../vertex/state.ts';
import type { BillingLinks } from './links.ts';

/** What the projects spend, reckoned from what ran when, at list prices. Amounts are USD, not rounded. */
export interface Spend {
  /**
   * Of one project in `[fromMs, untilMs)`, never before the clock's start; `accounts`: only what these paid. A
   * time without billing costs nothing.
   */
  between(projectId: string, fromMs: number, untilMs: number, accounts?: readonly string[]): number;
  /** What the project costs an hour just now. */
  usdPerHour(projectId: string): number;
  /** Machines without a price, which cost nothing here: name and why. */
  unpriced(projectId: string): readonly string[];
}

/** Something that costs `usdPerHour` from one moment to another; an open end means that it still does. */
interface Charge {
  readonly fromMs: number;
  readonly untilMs: number | undefined;
  readonly usdPerHour: number;
}

const HOUR_MS = 3_600_000;

export function createSpend(options: {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly vertex: Vertex;
  readonly links: BillingLinks;
  readonly projects: readonly ProjectSeed[];
}): Spend {
  const { clock, fleet, vertex, links } = options;
  const startMs = clock.now();
  const jobsOf = (projectId: string): readonly VertexJob[] =>
    [...vertex.jobs.values()].filter((job) => job.projectId === projectId);
  const endpointsOf = (projectId: string): readonly VertexEndpoint[] =>
    [...vertex.endpoints.values()].filter((endpoint) => endpoint.projectId === projectId);

  const chargesOf = (projectId: string): readonly Charge[] => {
    const extra = options.projects.find(({ id }) => id === projectId)?.extraUsdPerHour ?? 0;
    return [
      { fromMs: startMs, untilMs: undefined, usdPerHour: extra },
      ...[...fleet.vmsOf(projectId), ...fleet.deletedVmsOf(projectId)].flatMap(vmCharges),
      ...jobsOf(projectId).flatMap(jobCharges),
      ...endpointsOf(projectId).flatMap((endpoint) =>
        endpoint.deployments.flatMap(({ model, fromMs, untilMs }) =>
          priced(deployedModelRate(model, endpoint.location)).map((usdPerHour) => ({
            fromMs,
            untilMs,
            usdPerHour,
          })),
        ),
      ),
    ];
  };

  return {
    between(projectId, fromMs, untilMs, accounts) {
      const periods = links
        .paidPeriods(projectId)
        .filter((period) => accounts === undefined || accounts.includes(period.account));
      const charges = chargesOf(projectId);
      let usd = 0;
      for (const period of periods) {
        const from = Math.max(fromMs, startMs, period.fromMs);
        const until = Math.min(untilMs, period.untilMs ?? Infinity);
        for (const charge of charges) {
          const ms = Math.min(until, charge.untilMs ?? Infinity) - Math.max(from, charge.fromMs);
          if (ms > 0) usd += (charge.usdPerHour * ms) / HOUR_MS;
        }
      }
      return usd;
    },
    usdPerHour(projectId) {
      if (!links.enabled(projectId)) return 0;
      return chargesOf(projectId)
        .filter(({ fromMs, untilMs }) => fromMs <= clock.now() && clock.now() < (untilMs ?? Infinity))
        .reduce((sum, { usdPerHour }) => sum + usdPerHour, 0);
    },
    unpriced: (projectId) => [
      ...fleet.vmsOf(projectId).flatMap((vm) => whyUnpriced(vm.name, vmRates(vm).running)),
      ...jobsOf(projectId).flatMap((job) => jobRates(job).flatMap((rate) => whyUnpriced(job.name, rate))),
      ...endpointsOf(projectId).flatMap((endpoint) =>
        endpoint.deployments.flatMap(({ model }) =>
          whyUnpriced(`${endpoint.name} ${model.id}`, deployedModelRate(model, endpoint.location)),
        ),
      ),
    ],
  };
}

function priced(rate: Rate): number[] {
  return 'why' in rate ? [] : [rate.usdPerHour];
}

function whyUnpriced(name: string, rate: Rate): string[] {
  return 'why' in rate ? [`${name}: ${rate.why}`] : [];
}

/** Disks from its creation on, the machine while it runs; a machine without a price costs nothing, disks included. */
function vmCharges(vm: Vm): readonly Charge[] {
  const { running, stopped } = vmRates(vm);
  const [whole] = priced(running);
  if (whole === undefined) return [];
  return [
    { fromMs: vm.createdMs, untilMs: undefined, usdPerHour: stopped },
    ...vm.runs.map((run) => ({ ...run, usdPerHour: whole - stopped })),
  ];
}

function vmRates(vm: Vm): { readonly running: Rate; readonly stopped: number } {
  const { machineType, accelerators, zone } = vm;
  // Accelerator-optimised machines bring their local SSDs along, also in price.
  const disks = vm.disks
    .filter(({ type }) => type !== 'local-ssd' || !/^a[23]-/.test(machineType))
    .map(({ type, sizeGb }) => diskRate(type, sizeGb, zone));
  const address = vm.externalIp === undefined ? [] : [{ usdPerHour: EXTERNAL_IPV4_USD_PER_HOUR }];
  return {
    running: sum([machineRate({ machineType, accelerators, place: zone }), ...disks, ...address]),
    stopped: disks.flatMap(priced).reduce((total, usdPerHour) => total + usdPerHour, 0),
  };
}

function jobCharges(job: VertexJob): readonly Charge[] {
  if (
    job.state === 'JOB_STATE_QUEUED' ||
    job.state === 'JOB_STATE_PENDING' ||
    job.state === 'JOB_STATE_PAUSED'
  )
    return [];
  const { createdMs, endMs: untilMs, machines } = job;
  const pools = jobRates(job).flatMap(priced);
  return Array.from({ length: machines?.times ?? 1 }).flatMap((_, trial) =>
    pools.map((usdPerHour) => ({ fromMs: createdMs + trial * TRIAL_APART_MS, untilMs, usdPerHour })),
  );
}

/** Trials of a tuning job begin one after the other. */
const TRIAL_APART_MS = 120_000;

/** One rate for each worker pool, of one trial. */
function jobRates({ machines, location }: VertexJob): readonly Rate[] {
  if (machines === undefined) return [{ why: 'the machines of a tuning job are not known' }];
  return machines.spec.workerPoolSpecs.map((pool) => poolRate(pool, location));
}

/** Default boot disk: machine_resources.proto, DiskSpec. */
const DEFAULT_DISK = { type: 'pd-ssd', sizeGb: 100 };

function poolRate(pool: JobSpec['workerPoolSpecs'][number], region: string): Rate {
  const { bootDiskType: type = DEFAULT_DISK.type, bootDiskSizeGb: sizeGb = DEFAULT_DISK.sizeGb } =
    pool.diskSpec ?? {};
  const machine = sum([machineRate(machineOf(pool.machineSpec, region)), diskRate(type, sizeGb, region)]);
  return times(machine, Number(pool.replicaCount));
}

/** Its machines alone: Vertex AI does not bill disks of online prediction. At least `minReplicaCount` of them run. */
function deployedModelRate(model: VertexEndpoint['deployments'][number]['model'], region: string): Rate {
  const dedicated = model.dedicatedResources;
  if (dedicated === undefined) return { why: 'its machines are chosen by Google' };
  return times(machineRate(machineOf(dedicated.machineSpec, region)), dedicated.minReplicaCount);
}

/** n1-standard-2 is a deployed model's default (machine_resources.proto, MachineSpec). */
function machineOf(spec: MachineSpec, place: string): PricedMachine {
  const { machineType = 'n1-standard-2', acceleratorType: type, acceleratorCount: count = 0 } = spec;
  return { machineType, accelerators: count === 0 ? [] : [{ type, count }], place };
}
