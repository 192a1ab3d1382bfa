import { priceInstance, type PricedDisk } from '../../../../shared/compute-price.ts';
import type { Clock } from '../../clock.ts';
import type { Fleet, Vm } from '../../fleet.ts';
import type { ProjectSeed } from '../../scenario.ts';
import type { JobSpec, MachineSpec } from '../vertex/messages.ts';
import type { Vertex, VertexEndpoint, VertexJob } from '../vertex/state.ts';
import type { BillingLinks } from './links.ts';

/** What the projects spend, reckoned from what ran when, at the price book's rates. Amounts are USD, not rounded. */
export interface Spend {
  /**
   * Of one project in `[fromMs, untilMs)`, never before the clock's start; `account`: only what that account paid. A
   * time in which nobody paid for the project costs nothing.
   */
  between(projectId: string, fromMs: number, untilMs: number, account?: string): number;
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

type Rate = { readonly usdPerHour: number } | { readonly why: string };

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
      ...fleet.vmsOf(projectId).flatMap(vmCharges),
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
    between(projectId, fromMs, untilMs, account) {
      const periods = links
        .paidPeriods(projectId)
        .filter((period) => account === undefined || period.account === account);
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
  const price = priceInstance({
    machineType: vm.machineType,
    accelerators: vm.accelerators,
    zone: vm.zone,
    // Accelerator-optimised machines bring their local SSDs along, also in price.
    disks: vm.disks
      .filter(({ type }) => type !== 'local-ssd' || !/^a[23]-/.test(vm.machineType))
      .map(({ boot, type, sizeGb }): PricedDisk => ({ kind: boot ? 'boot' : 'data', type, sizeGb })),
    externalIp: vm.externalIp !== undefined,
  });
  const stopped = price.items
    .filter(({ whenStopped }) => whenStopped === 'billed')
    .reduce((sum, item) => sum + (item.usdPerHour === 'unpriced' ? 0 : item.usdPerHour), 0);
  return { running: rateOf(price.runningUsdPerHour, price.unpriced), stopped };
}

function rateOf(usdPerHour: number | 'unpriced', why: readonly string[]): Rate {
  return usdPerHour === 'unpriced' ? { why: why.join('; ') } : { usdPerHour };
}

function jobCharges(job: VertexJob): readonly Charge[] {
  if (
    job.state === 'JOB_STATE_QUEUED' ||
    job.state === 'JOB_STATE_PENDING' ||
    job.state === 'JOB_STATE_PAUSED'
  )
    return [];
  return jobRates(job)
    .flatMap(priced)
    .map((usdPerHour) => ({ fromMs: job.createdMs, untilMs: job.endMs, usdPerHour }));
}

/** One rate for each worker pool, of all trials that run at once. */
function jobRates(job: VertexJob): readonly Rate[] {
  const { machines } = job;
  if (machines === undefined) return [{ why: 'the machines of a tuning job are not known' }];
  return machines.spec.workerPoolSpecs.map((pool) => times(poolRate(pool, job.location), machines.times));
}

/** Default boot disk: machine_resources.proto, DiskSpec. */
const DEFAULT_DISK = { type: 'pd-ssd', sizeGb: 100 };

function poolRate(pool: JobSpec['workerPoolSpecs'][number], region: string): Rate {
  const { bootDiskType: type = DEFAULT_DISK.type, bootDiskSizeGb: sizeGb = DEFAULT_DISK.sizeGb } =
    pool.diskSpec ?? {};
  const price = priceInstance({
    ...machineOf(pool.machineSpec),
    zone: region,
    disks: [{ kind: 'boot', type, sizeGb }],
  });
  return times(rateOf(price.runningUsdPerHour, price.unpriced), Number(pool.replicaCount));
}

/** Its machines alone: Vertex AI does not bill disks of online prediction. At least `minReplicaCount` of them run. */
function deployedModelRate(model: VertexEndpoint['deployments'][number]['model'], region: string): Rate {
  const dedicated = model.dedicatedResources;
  if (dedicated === undefined) return { why: 'its machines are chosen by Google' };
  const price = priceInstance({ ...machineOf(dedicated.machineSpec), zone: region, disks: [] });
  return times(rateOf(price.stoppableUsdPerHour, price.unpriced), dedicated.minReplicaCount);
}

/** n1-standard-2 is a deployed model's default (machine_resources.proto, MachineSpec). */
function machineOf(spec: MachineSpec): {
  readonly machineType: string;
  readonly accelerators: readonly { readonly type: string | undefined; readonly count: number }[];
} {
  const { machineType = 'n1-standard-2', acceleratorType, acceleratorCount = 0 } = spec;
  return {
    machineType,
    accelerators: acceleratorCount === 0 ? [] : [{ type: acceleratorType, count: acceleratorCount }],
  };
}

function times(rate: Rate, count: number): Rate {
  return 'why' in rate ? rate : { usdPerHour: rate.usdPerHour * count };
}
