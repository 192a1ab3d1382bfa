import type { Budget } from '../../shared/google/budgets.ts';
import type { Check } from '../../shared/preflight/check.ts';
import type { UsdPerHour, UsdPerMonth } from '../../shared/prices/money.ts';
import type { StringMap } from '../../shared/google/string-map.ts';
import type { Gap, Reading } from './reading.ts';
import type { FoundSecret } from './secrets/scan.ts';

/** All that one audit knows of a project. Values of secrets are in none of it. */
export interface AuditFacts {
  readonly project: Reading<ProjectFacts>;
  /** `folders/N` and `organizations/N` above the project, the nearest first. */
  readonly above: Reading<readonly string[]>;
  /** The other projects in scope. */
  readonly neighbours: Reading<readonly ProjectFacts[]>;
  /** Budgets that may count the project; undefined when it has no billing account. */
  readonly billing: Reading<BillingFacts | undefined>;
  readonly preflight: Reading<readonly Check[]>;
  readonly policy: Reading<readonly Binding[]>;
  /** Of the folders and the organization above the project; what may not be read there is a gap. */
  readonly inherited: Reading<readonly Binding[]>;
  readonly accounts: Reading<readonly AccountFacts[]>;
  /** Authentications in the window by the key's id; a key without any is not in it. */
  readonly keyUse: Reading<ReadonlyMap<string, number>>;
  readonly machines: Reading<readonly MachineFacts[]>;
  /** Of the project itself: every machine in it sees it. */
  readonly projectMetadata: Reading<MetadataFacts>;
  /** Why it is unknown which of the machines are notebooks, though all of them were seen. */
  readonly notebookGaps: readonly Gap[];
  readonly managedNotebooks: Reading<readonly ManagedNotebook[]>;
  /** By the numeric id of the VM. */
  readonly use: Reading<ReadonlyMap<string, MachineUse>>;
  readonly tpus: Reading<{ readonly nodes: readonly TpuFacts[]; readonly workers: readonly TpuWorker[] }>;
  readonly endpoints: Reading<readonly EndpointFacts[]>;
  readonly models: Reading<readonly ModelFacts[]>;
  readonly jobs: Reading<readonly Workload[]>;
  /** Functions, Cloud Run services and jobs. */
  readonly workloads: Reading<readonly Workload[]>;
  /** Startup scripts in buckets that machines or the project name. */
  readonly scripts: Reading<readonly ScannedPlace[]>;
  /** A secret has the same digest in every run, for the key of digests is kept. */
  readonly digestsLast: boolean;
  readonly buckets: Reading<readonly BucketFacts[]>;
  readonly stopper: Reading<ReceiptFacts>;
  readonly enforcer: Reading<ReceiptFacts>;
  readonly egress: Reading<ReceiptFacts>;
}

export interface ProjectFacts {
  readonly id: string;
  /** Empty where only the id is known. */
  readonly number: string;
  readonly displayName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `folders/N` or `organizations/N`. */
  readonly parent: string | undefined;
  /** It is in deletion. */
  readonly isDeleted?: true;
}

export interface BillingFacts {
  /** `billingAccounts/A`: what pays for the project. */
  readonly account: string;
  /** The account through which that one is resold, where it is a subaccount and this could be read. */
  readonly parent?: string;
  /** Of both. */
  readonly budgets: readonly Budget[];
  /** Why there may be budgets beside these. */
  readonly unread: readonly string[];
}

/** One role of an allow policy and who has it. */
export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly conditional: boolean;
  /** `folders/N` or `organizations/N` whose policy hands it down; absent for one of the resource itself. */
  readonly from?: string;
}

export interface AccountFacts {
  readonly email: string;
  readonly disabled: boolean;
  /** Keys that people made; those that Google rotates are left out. */
  readonly keys: Reading<readonly KeyFacts[]>;
}

export interface KeyFacts {
  readonly id: string;
  readonly createdMs: number;
  /** Undefined when it does not expire. */
  readonly expiresMs: number | undefined;
  readonly disabled: boolean;
}

/** A text that was searched for credentials. */
export interface ScannedPlace {
  readonly resource: string;
  /** Such as `metadata/startup-script`, `project-metadata/startup-script` or `env/DB_PASSWORD`. */
  readonly place: string;
  readonly secrets: readonly FoundSecret[];
  /** How many more there are. */
  readonly unlisted?: number;
  /** Whether it refers to a secret that is kept elsewhere. */
  readonly refers: boolean;
}

/** Metadata of Compute Engine, searched. */
export interface MetadataFacts {
  readonly places: readonly ScannedPlace[];
  /** Of startup scripts that it names, `gs://…` or an address of the web, as they stand there: one may hold a credential. */
  readonly scriptUrls: readonly string[];
}

/** A VM, or a Workbench instance with the VM behind it. */
export interface MachineFacts extends MetadataFacts {
  readonly kind: 'vm' | 'notebook';
  readonly resource: string;
  readonly name: string;
  readonly zone: string;
  /** Numeric id of the VM. */
  readonly id: string;
  readonly running: boolean;
  readonly machineType: string;
  readonly gpus: readonly { readonly type: string; readonly count: number }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string | undefined;
  /** OAuth scope cloud-platform: no other limit than its roles. */
  readonly fullScope: boolean;
  /** While it runs, without what bills anyway. */
  readonly usdPerHour: UsdPerHour;
}

/** Hours of the window in which a VM was up, and busy. */
export interface MachineUse {
  readonly windowHours: number;
  readonly runningHours: number;
  readonly busyHours: number;
  /** The busiest hour, 0 to 1; undefined without points. */
  readonly cpuPeak: number | undefined;
  /** The busiest GPU's busiest hour, 0 to 1; undefined where no agent reports. */
  readonly gpuPeak: number | undefined;
  readonly gpuMemoryPeak: number | undefined;
}

export interface ManagedNotebook {
  readonly resource: string;
  readonly state: string;
  readonly createdMs: number | undefined;
}

/** A TPU that runs. */
export interface TpuFacts {
  readonly resource: string;
  readonly zone: string;
  readonly description: string;
  readonly labels: StringMap;
  /** It has one worker; how many a slice has is not known. */
  readonly oneHost: boolean;
  readonly usdPerMonth: UsdPerMonth;
  /** The command that ends it. */
  readonly command: string;
}

/** A host of TPU chips as Monitoring knows it: by its zone, and by no node. */
export interface TpuWorker {
  readonly zone: string;
  /** Of its chips, in the busiest hour. */
  readonly peakPercent: number;
  /** Hours with data. */
  readonly hours: number;
}

export interface DeployedModelFacts {
  readonly id: string;
  readonly displayName: string;
  /** `projects/P/locations/R/models/M`, without a version. */
  readonly model: string;
  readonly machineType: string;
  readonly minReplicas: number;
  readonly serviceAccount: string | undefined;
  /** Of the minimum replicas. */
  readonly usdPerMonth: UsdPerMonth;
}

export interface EndpointFacts {
  readonly resource: string;
  readonly displayName: string;
  readonly createdMs: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly models: readonly DeployedModelFacts[];
  /** Predictions in the window, by the deployed model's id; undefined when nothing is known. */
  readonly predictions: ReadonlyMap<string, number> | undefined;
  /** Monitoring is off in the project, and nothing is known for that reason alone. */
  readonly isUncounted?: true;
}

export interface ModelFacts {
  readonly resource: string;
  readonly displayName: string;
  readonly createdMs: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** It came from another project or region. */
  readonly copied: boolean;
  readonly deployed: boolean;
}

/** Something that runs code with an environment: a function, a Cloud Run service or job, a Vertex job. */
export interface Workload {
  readonly kind: 'function' | 'run-service' | 'run-job' | 'vertex-job';
  readonly resource: string;
  readonly serviceAccount: string | undefined;
  readonly places: readonly ScannedPlace[];
  /** Variables that Secret Manager fills in. */
  readonly secretReferences: number;
}

export interface BucketFacts {
  readonly name: string;
  readonly createdMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined when its policy could not be read. */
  readonly bindings: readonly Binding[] | undefined;
  /** Public access prevention is enforced on the bucket: bindings for everyone do not count. */
  readonly publicAccessPrevented: boolean;
}

/** The newest receipt of another function about the project. */
export interface ReceiptFacts {
  readonly runId: string;
  readonly startedAtMs: number;
  readonly decisions: readonly ReceiptDecision[];
  readonly incomplete: readonly string[];
}

export interface ReceiptDecision {
  readonly resource: string;
  readonly action: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly usdPerHour: UsdPerHour;
}
