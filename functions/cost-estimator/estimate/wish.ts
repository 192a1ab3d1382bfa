import type { StorageClass } from '../../../shared/prices/bucket-rates.ts';

/** Where a machine runs: what is billed besides the Compute Engine price depends on it. */
export const places = ['compute', 'workbench', 'training', 'prediction'] as const;
export type Where = (typeof places)[number];

export interface MachineWish {
  readonly kind: 'machine';
  /** Where it stands in the request: `resources[0].`, or nothing. */
  readonly at: string;
  readonly name: string;
  readonly machineType: string;
  readonly gpuType: string | undefined;
  readonly gpuCount: number | undefined;
  readonly count: number;
  readonly hours: number;
}

export interface DiskWish {
  readonly kind: 'disk';
  readonly at: string;
  readonly name: string;
  readonly diskType: string;
  readonly sizeGb: number;
  readonly count: number;
  readonly hours: number;
}

export interface StorageWish {
  readonly kind: 'storage';
  readonly at: string;
  readonly name: string;
  readonly storageClass: StorageClass;
  /** A location of Cloud Storage; undefined for the region of the run. */
  readonly location: string | undefined;
  readonly sizeGb: number;
  readonly hours: number;
}

export interface EgressWish {
  readonly kind: 'egress';
  readonly at: string;
  readonly name: string;
  readonly sizeGb: number;
  /** `internet`, `australia`, `china`, or a region. */
  readonly to: string;
}

export type ResourceWish = MachineWish | DiskWish | StorageWish | EgressWish;

/** A run that a user plans. */
export interface EstimateWish {
  readonly resources: readonly ResourceWish[];
  /** A region, or `any`; undefined for the policy's. */
  readonly region: string | undefined;
  readonly spot: boolean;
  readonly where: Where;
  /** Where the data is that the run reads, and how much of it. */
  readonly data: { readonly region: string; readonly sizeGb: number } | undefined;
  /** Share of a run that a preemption makes it do again. */
  readonly restartShare: number;
  /** Where the run's hours were not given. */
  readonly assumed: readonly string[];
}
