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
  readonly reads: readonly BucketReads[] | undefined;
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
}

export interface BucketReads {
  readonly bucket: string;
  /** As the metric's label writes it, `us-central1` or `eu`. */
  readonly location: string;
  readonly method: string;
  readonly steps: Steps;
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

export function sum(steps: Steps): number {
  return steps.reduce((total, bytes) => total + bytes, 0);
}
