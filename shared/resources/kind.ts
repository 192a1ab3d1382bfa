import type { Api, ApiRequest } from '../google/api.ts';
import type { Permit } from '../google/change/permit.ts';
import type { StringMap } from '../google/string-map.ts';
import type { Price } from '../prices/price.ts';
import type { Look } from './look.ts';

/** What bills while it runs, by the names that the manifest keeps. */
export type KindName =
  | 'batch-job'
  | 'batch-prediction-job'
  | 'cloud-run-service'
  | 'cloud-run-worker-pool'
  | 'colab-runtime'
  | 'custom-job'
  | 'dataflow-job'
  | 'dataproc-cluster'
  | 'deployment-resource-pool'
  | 'endpoint'
  | 'feature-online-store'
  | 'featurestore'
  | 'hyperparameter-tuning-job'
  | 'index-endpoint'
  | 'instance-group'
  | 'node-pool'
  | 'notebook'
  | 'notebook-execution-job'
  | 'persistent-resource'
  | 'pipeline-job'
  | 'queued-resource'
  | 'reasoning-engine'
  | 'schedule'
  | 'tpu'
  | 'training-pipeline'
  | 'tuning-job'
  | 'vm'
  | 'workstation';

/** What can be done about a resource that runs. */
export type Fate =
  /** Its kind's steps stop it; `record` is what bringing it back takes. */
  | { readonly kind: 'stoppable'; readonly record: Readonly<Record<string, unknown>> }
  /** A controller would start it again: the controller is what must be stopped. */
  | {
      readonly kind: 'owned';
      readonly why: string;
      /** What bringing it back by itself takes, where its controller is not there to. */
      readonly record: Readonly<Record<string, unknown>>;
    }
  /** Stopping it would destroy something, or Google has no way to. */
  | {
      readonly kind: 'named';
      readonly why: string;
      /** What bringing it back takes, where only this look does not stop it. */
      readonly record?: Readonly<Record<string, unknown>>;
    };

/** Something that runs and bills. */
export interface RunningResource {
  readonly kind: KindName;
  /** Full name, such as projects/P/zones/Z/instances/N. */
  readonly resource: string;
  /** As the API spells it. */
  readonly state: string;
  /** What it is, for people: `2 x a2-highgpu-8g`. */
  readonly description: string;
  readonly labels: StringMap;
  /** Labels of what belongs to it, where it has none itself or not only. */
  readonly memberLabels: readonly StringMap[];
  /** USD an hour while it runs: what stopping it ends. */
  readonly cost: Price;
  /** What it bills beside its members, where those are its cost and no source has a price of that: `the fee of Dataproc`. */
  readonly onTop?: string;
  /** The share of `cost` that is billed at the least: below 1 where sustained use is discounted, or less of it may run. */
  readonly leastShare: number;
  /** Whether it bills anything now the listing does not tell: it may have no instances. */
  readonly mayBeIdle?: true;
  /** It bills as storage alone, as the disks of a stopped VM do: no reason to unlink billing, which would delete it. */
  readonly isStorage?: true;
  /** USD an hour that it costs at the most, where it has no price and that is known all the same. */
  readonly atMostUsd?: number;
  /** What it waits for, and costs then, where it bills nothing yet: `waits for machines; then $3.67/h`. */
  readonly waits?: string;
  /** USD an hour that is expected, where that is not the middle of what is billed. */
  readonly expectedUsd?: number;
  /** Of how many machines, or chips, `cost` is at the most; of one where it is absent. */
  readonly machines?: number;
  /** When it was created, milliseconds since the epoch, where its kind tells. */
  readonly createdMs?: number;
  /** When it was started last, milliseconds since the epoch, where the API tells. */
  readonly startedMs: number | undefined;
  /** Its GPUs, where its kind tells them; undefined where it does not, or they cannot be counted. */
  readonly gpus?: number;
  /** What started it, where that can be told. */
  readonly startedBy: string | undefined;
  readonly fate: Fate;
  /** The command that ends it by hand. */
  readonly command: string;
  /** Keys under which its members name it. */
  readonly memberKeys: readonly string[];
  /** Keys of what it may belong to. */
  readonly ownerKeys: readonly string[];
  /** What it belongs to and is counted with; filled in by the inventory. */
  readonly partOf: { readonly kind: KindName; readonly resource: string } | undefined;
}

/** Something that ended lately; `cost` is what it cost an hour while it ran. */
export interface EndedResource extends RunningResource {
  /** Not later than it began, and when it ended; milliseconds since the epoch. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly isFailed: boolean;
}

/** One write, not to be repeated blindly. `call` is its name in the receipt. */
export interface KindRequest extends ApiRequest {
  readonly call: string;
  /** Sends it, where it goes through a client of Google's. */
  readonly send?: (api: Api, permit: Permit) => Promise<unknown>;
}

/** Where a resource stands with regard to one step. */
export type Standing =
  /** Nothing left to do. */
  | { readonly kind: 'done' }
  /** On its way: look again later. `inForce`: what was requested holds already, so that later steps need not wait. */
  | { readonly kind: 'in-transit'; readonly why: string; readonly inForce?: true }
  /** Something speaks against it: leave it, and say why. */
  | { readonly kind: 'refused'; readonly why: string }
  /**
   * What was requested did not come about, and no request of ours helps now; `why` is Google's reason where it gives one.
   * `inForce`: Google goes on trying, so that later steps are due all the same.
   */
  | { readonly kind: 'failed'; readonly why: string; readonly inForce?: true }
  | { readonly kind: 'ready'; readonly request: KindRequest };

/** A resource as it is now. */
export interface Present {
  readonly state: string;
  /** Keep labels count with each look. */
  readonly labels: StringMap;
  readonly standing: Standing;
  /** When it last started, in milliseconds since the epoch; absent where Google does not tell that of its kind, or of it. */
  readonly startedMs?: number | undefined;
}

/** What became of a request, by the operation that its answer named. */
export type OperationState =
  { readonly kind: 'running' | 'done' } | { readonly kind: 'failed'; readonly why: string };

/** How a kind finds out what became of a request that was accepted. */
export interface StepOperation {
  /** Full name of the operation that an answer names; undefined where it names none. */
  nameOf(answer: unknown): string | undefined;
  /** Throws `GoogleApiError`, 404 for one that is not kept any more. */
  look(api: Api, name: string): Promise<OperationState>;
}

/** One request to Google, with the look that tells whether it is due, on its way or done. */
export interface Step {
  /** Unique within a stop or a bringing back, such as `resize`. */
  readonly name: string;
  /** Throws `GoogleApiError`, 404 when the resource is gone. */
  look(api: Api): Promise<Present>;
  readonly operation?: StepOperation;
  /**
   * What Google says of its being on its way for long, as a part of a sentence; `sinceMs` is when it was requested, in milliseconds
   * since the epoch. Throws `GoogleApiError`.
   */
  explain?(api: Api, sinceMs: number): Promise<string>;
}

/** A resource that a rung has stopped, as the manifest keeps it. */
export interface Target {
  readonly resource: string;
  /** What was remembered; checked by its kind. */
  readonly record: unknown;
}

export type BringBack =
  /** Success is the last step's `done`. */
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  /** The restore has a way of its own for this kind. */
  | { readonly kind: 'own'; readonly why: string }
  /** It cannot be brought back; `why` says what to submit again. */
  | { readonly kind: 'left'; readonly why: string };

/** Permissions by what they are for; role files are proven against these. */
export interface KindPermissions {
  readonly list: readonly string[];
  readonly stop: readonly string[];
  readonly bringBack: readonly string[];
}

/** What bringing a resource back takes, as its kind reads it. */
export type StopRecord = Readonly<Record<string, unknown>>;

/** One row of the table of what burns. */
export interface ResourceKind {
  readonly kind: KindName;
  /** For people, in the plural: `managed instance groups`. */
  readonly title: string;
  /** What cannot be seen when its listing fails, such as `Vertex AI`. */
  readonly area: string;
  readonly permissions: KindPermissions;
  /** Stopped in ascending order: what submits again comes before what it submits. */
  readonly order: number;
  /** What takes one change at a time, such as the cluster of a node pool; absent where each resource is changed by itself. */
  readonly changedIn?: (resource: string) => string;
  /** What runs. Reports what it could not see to `look`. Throws `GoogleApiError` where nothing could be seen. */
  list(look: Look): Promise<readonly RunningResource[]>;
  /** The steps that stop it, one after the other; none for a kind that is only named. */
  stop(target: Target): readonly Step[];
  bringBack(target: Target): BringBack;
  /**
   * The record of a resource that is stopped once more, after a time in which its owner had a free hand with it: as it is `now`, and as
   * it was `before` in what is still as the earlier stop left it. A `before` that is none of its kind's records tells nothing.
   */
  rejoin(before: unknown, now: StopRecord): StopRecord;
}
