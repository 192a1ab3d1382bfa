import type { Gap } from '../../../shared/run/receipt.ts';
import type { BucketPlace } from './geography.ts';

/** Bytes of each step of the window, the oldest first. */
export type Steps = readonly number[];

export interface Window {
  /** As requested: `7d`. */
  readonly requested: string;
  readonly hours: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepHours: number;
}

/** Everything that is known of one project's traffic. What could not be read is undefined, and `gaps` says why. */
export interface EgressFacts {
  readonly project: string;
  readonly window: Window;
  /** What all VMs of a zone sent to one kind of remote. */
  readonly flows: readonly Flow[] | undefined;
  /** What each VM sent, by `remote_location_type`. */
  readonly sent: ReadonlyMap<string, VmTraffic> | undefined;
  /** What each VM received, by `remote_location_type`. */
  readonly received: ReadonlyMap<string, VmTraffic> | undefined;
  /** What each VM sent to the zones and the countries that get most. */
  readonly toZones: readonly Sent[];
  readonly toCountries: readonly Sent[];
  /** What each VM received from zones that send; `to` is that zone. Undefined when it could not be read. */
  readonly fromZones: readonly Sent[] | undefined;
  /** By VM id, what Cloud NAT processed. */
  readonly nat: ReadonlyMap<string, NatTraffic> | undefined;
  /** What load balancers processed. */
  readonly loadBalancers: readonly LoadBalancerTraffic[];
  readonly reads: readonly BucketReads[] | undefined;
  /** By bucket, what was written to it; undefined when it could not be read. */
  readonly writes: ReadonlyMap<string, Steps> | undefined;
  /** Readers and buckets of the scope's other projects. */
  readonly others: OtherProjects;
  /** Bytes stored, by bucket. */
  readonly bucketBytes: ReadonlyMap<string, number>;
  readonly buckets: ReadonlyMap<string, BucketPlace> | undefined;
  /** By numeric id, which is Monitoring's `instance_id`. */
  readonly vms: ReadonlyMap<string, VmPlace> | undefined;
  readonly gaps: readonly Gap[];
  readonly apiCalls: Readonly<Record<string, number>>;
}

export interface Remote {
  /** CLOUD, EXTERNAL, GOOGLE_INTERNAL, ON_PREM or what is newer than this code. */
  readonly locationType: string;
  readonly zone: string;
  readonly country: string;
  readonly continent: string;
}

export interface Flow {
  /** Of the senders. */
  readonly zone: string;
  readonly remote: Remote;
  readonly steps: Steps;
  /** Bytes of the window before. */
  readonly previous: number;
}

export interface VmTraffic {
  readonly zone: string;
  readonly byType: Readonly<Record<string, Steps>>;
}

/** What one VM sent to one zone or country over the whole window, or received from one zone. */
export interface Sent {
  readonly vmId: string;
  readonly zone: string;
  /** Zone or country. */
  readonly to: string;
  readonly bytes: number;
}

export interface NatTraffic {
  readonly zone: string;
  /** Sent and received: both are processed. */
  readonly steps: Steps;
  readonly previous: number;
}

export interface LoadBalancerTraffic {
  /** As Google's list of metrics has it: `https`, `l3/internal`. */
  readonly path: string;
  /** For people, in the plural. */
  readonly text: string;
  readonly passthrough: boolean;
  readonly direction: 'into' | 'out';
  /** The forwarding rule. */
  readonly rule: string;
  readonly steps: Steps;
  readonly previous: number;
}

/** What other projects of the scope have to do with this one's buckets and VMs. */
export interface OtherProjects {
  /** By VM id, what it received from Google's services. */
  readonly received: ReadonlyMap<string, OtherVm>;
  readonly reads: readonly OtherReads[];
  /** Projects of which this could not be read, or not in whole. */
  readonly unread: readonly { readonly project: string; readonly why: string }[];
}

export interface OtherVm {
  readonly project: string;
  readonly zone: string;
  readonly steps: Steps;
}

/** What one bucket sent. */
export interface OtherReads {
  readonly project: string;
  readonly bucket: string;
  readonly steps: Steps;
}

export interface BucketReads {
  readonly bucket: string;
  /** As the metric's label writes it, `us-central1` or `eu`. */
  readonly location: string;
  readonly method: string;
  readonly steps: Steps;
  readonly previous: number;
}

export interface VmPlace {
  readonly name: string;
  readonly zone: string;
  /** Of each external address. */
  readonly tiers: readonly string[];
  readonly addresses: readonly string[];
  /** The Workbench instance that it is the machine of. */
  readonly notebook: string | undefined;
}

export const NO_OTHERS: OtherProjects = { received: new Map(), reads: [], unread: [] };

export function addSteps(a: Steps, b: Steps): Steps {
  return a.map((bytes, at) => bytes + (b[at] ?? 0));
}

export function sum(steps: Steps): number {
  return steps.reduce((total, bytes) => total + bytes, 0);
}
