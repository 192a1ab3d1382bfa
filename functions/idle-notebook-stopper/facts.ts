import type { InstancePrice } from '../../shared/prices/compute-price.ts';
import type { RunningJob } from '../../shared/google/vertex/running-jobs.ts';
import type { Gpus } from '../../shared/prices/machine-type.ts';
import type { Settings } from './changes.ts';
import type { RungInForce } from '../../shared/state/rungs-in-force.ts';
import type { NotebookMemory } from './memory/memory.ts';

/** Everything that is known of one notebook at one moment; what `gather` hands to `decide`. */
export interface NotebookFacts {
  /** projects/P/locations/ZONE/instances/ID */
  readonly name: string;
  /** As the API spells it; may be a state that is newer than this code. */
  readonly state: string;
  readonly healthState: string;
  readonly createdMs: number | undefined;
  /** What a person or a controller may change until the notebook is acted on. */
  readonly settings: Settings;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whom to tell: of the policy's label, else the instance's owner or creator. */
  readonly owner: string | undefined;
  readonly machineType: string;
  /** Undefined where the machine type does not tell. */
  readonly vcpus: number | undefined;
  readonly gpus: Gpus;
  readonly price: InstancePrice;
  /** What goes on billing besides the disks, in words. */
  readonly billsOn: readonly string[];
  readonly vm: VmFacts;
  /** What was observed, from when on. Ends at the run's start. */
  readonly observedFromMs: number;
  readonly signals: Signals;
  /** Only where something was busy in the window and the policy tolerates some minutes of that. */
  readonly stray?: StrayMinutes | undefined;
  /** Only for a quiet notebook whose GPUs no metric tells of, where the policy infers from the rest. */
  readonly longerLook?: LongerLook | undefined;
  /** What it may wait for; read where it rests. */
  readonly jobs: JobsFacts;
  /** E-mail addresses of the accounts that it runs as, and of its owners and creator: who may start a job from it. */
  readonly accounts: readonly string[];
  readonly memory: NotebookMemory;
  /** A rung of the budget ladder in force that stops notebooks; read where the policy starts them by hours. */
  readonly rungInForce?: RungInForce | undefined;
}

/** The jobs of the project that go on. */
export type JobsFacts =
  | { readonly kind: 'not-read' }
  | { readonly kind: 'read'; readonly jobs: readonly StartedJob[] }
  | { readonly kind: 'unreadable'; readonly why: string };

export interface StartedJob extends RunningJob {
  /** E-mail address of whom the audit log names; undefined where it cannot be told. */
  readonly startedBy: string | undefined;
}

export type VmFacts =
  | { readonly kind: 'found'; readonly status: string; readonly lastStartMs: number | undefined }
  /** The project was listed whole, and there is no such VM. */
  | { readonly kind: 'absent' }
  /** It may be there: the listing failed, its zone was unreachable, or the notebook names no VM. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface Signals {
  /** Fraction of all vCPUs. */
  readonly cpu: Signal;
  /** Percent, of the busiest GPU; `series` counts the GPUs that report. */
  readonly gpu: Signal;
  /** Bytes per second, received and sent. */
  readonly network: Signal;
  /** Whether a GPU is known to be in MIG mode. */
  readonly migMode: boolean;
  readonly kernels: Kernels;
}

/** What is known of kernels and terminals. */
export type Kernels =
  /** No metadata of the instance say that they are reported. */
  | { readonly kind: 'not-promised' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string }
  /** `activity`: what tells that a user worked, in words. */
  | { readonly kind: 'measured'; readonly activity: string | undefined; readonly coverage: number };

/** What every VM has, over twice the time that a notebook must be idle. */
export interface LongerLook {
  readonly fromMs: number;
  readonly cpu: Signal;
  readonly network: Signal;
  /** Bytes per second of all disks, read and written. */
  readonly disk: Signal;
  readonly stray?: StrayMinutes | undefined;
}

/** Minutes in which something was at or above its threshold. */
export interface StrayMinutes {
  readonly total: number;
  /** Of the 24 hours that have most of them, counted back from the run. */
  readonly busiestDay: number;
  /** Of the hour before the run. */
  readonly lastHour: number;
}

export type Signal =
  | {
      readonly kind: 'measured';
      /** The highest minute. */
      readonly peak: number;
      /** Share of the window's minutes that have a data point, 0 to 1; of the series that has fewest. */
      readonly coverage: number;
      readonly series: number;
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };
