import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadSchema } from './metrics/shapes.ts';
import { momentSchema } from './clock/moment.ts';
import { billingSeedSchema } from './services/billing/seed.ts';
import { storageSeedSchema } from './services/storage/seed.ts';
import { flowSchema } from './metrics/traffic.ts';
import { servicesSeedSchema } from './services/functions/seeded.ts';
import { accountSeedSchema, policySeedSchema } from './services/iam/seed.ts';
import { secretSeedSchema } from './services/secret-manager/seed.ts';
import { runtimeSeedSchema } from './services/notebooks/runtimes.ts';
import { groupSeedSchema } from './services/compute/group-seed.ts';
import { storedSeedSchema } from './services/stored/seed.ts';
import { vertexSeedSchema } from './services/vertex/messages.ts';

const labels = z.record(z.string(), z.string()).default({});

const accelerator = z.strictObject({ type: z.string(), count: z.int().positive() });

const disk = z.strictObject({
  boot: z.boolean().default(false),
  type: z.string().default('pd-balanced'),
  sizeGb: z.int().positive(),
});

const vmFields = {
  id: z.string(),
  zone: z.string(),
  machineType: z.string(),
  accelerators: z.array(accelerator).default([]),
  disks: z.array(disk).default([{ boot: true, type: 'pd-balanced', sizeGb: 150 }]),
  created: momentSchema.default('-20d'),
  lastStart: momentSchema.optional(),
  lastStop: momentSchema.optional(),
  labels,
  /** The VM's metadata items, e.g. `created-by` of a member of a managed instance group. */
  metadata: z.record(z.string(), z.string()).default({}),
  externalIp: z.string().optional(),
  /** Of the external address. */
  networkTier: z.enum(['PREMIUM', 'STANDARD']).default('PREMIUM'),
  instanceId: z.string().optional(),
  /** E-mail address of the account that it runs as. A VM has none when absent, a notebook one of its own. */
  serviceAccount: z.string().optional(),
  load: loadSchema.prefault({}),
  /** It consumes a specific reservation, of this name. */
  reservation: z.string().optional(),
  /** Its zone has no capacity for it: a start falls back to TERMINATED. Whether it counts as its last start no one has verified. */
  stockout: z.union([z.boolean(), z.literal('counts-as-start')]).default(false),
  /** Names of resource policies of its region that are attached to it. */
  resourcePolicies: z.array(z.string()).default([]),
  /** How long a start takes, where a test needs it slow. */
  startMinutes: z.number().positive().optional(),
  scheduling: z
    .strictObject({
      provisioningModel: z.enum(['STANDARD', 'SPOT', 'FLEX_START', 'RESERVATION_BOUND']).default('STANDARD'),
    })
    .optional(),
};

/** All of the enum `Instance.status` of Compute Engine v1, and one that it may get. */
const vmStatus = z.enum([
  ...['PENDING', 'PROVISIONING', 'STAGING', 'RUNNING', 'REPAIRING', 'PENDING_STOP', 'STOPPING', 'STOPPED'],
  ...['TERMINATED', 'SUSPENDING', 'SUSPENDED', 'DEPROVISIONING', 'NEWER_THAN_THIS_CODE'],
] as const);

const vmSchema = z.strictObject({ ...vmFields, vmStatus: vmStatus.default('RUNNING') });

const notebookSchema = z
  .strictObject({
    ...vmFields,
    disks: z.array(disk).default([
      { boot: true, type: 'pd-balanced', sizeGb: 150 },
      { boot: false, type: 'pd-balanced', sizeGb: 100 },
    ]),
    /** What the Notebooks API lists as `acceleratorConfigs`; a2, a3 and g2 machines may have none. */
    acceleratorConfigs: z.array(z.strictObject({ type: z.string(), coreCount: z.string() })).default([]),
    state: z.string().default('ACTIVE'),
    /** Differs from what `state` implies on old images, where a shutdown from inside is not reported. */
    vmStatus: vmStatus.optional(),
    healthState: z.string().default('HEALTHY'),
    creator: z.string().default('someone@example.com'),
    /** Stays in STOPPING for ever. */
    neverStops: z.boolean().default(false),
  })
  .transform((notebook) => ({
    ...notebook,
    vmStatus:
      notebook.vmStatus ??
      (notebook.state === 'STOPPED'
        ? 'TERMINATED'
        : notebook.state === 'SUSPENDED'
          ? 'SUSPENDED'
          : notebook.state === 'STARTING' || notebook.state === 'PROVISIONING'
            ? 'STAGING'
            : notebook.state === 'STOPPING'
              ? 'STOPPING'
              : 'RUNNING'),
  }));

const projectSchema = z.strictObject({
  id: z.string(),
  number: z.string().regex(/^\d+$/),
  displayName: z.string().optional(),
  parent: z
    .string()
    .regex(/^(?:folders|organizations)\/\d+$/)
    .optional(),
  labels,
  state: z.enum(['ACTIVE', 'DELETE_REQUESTED']).default('ACTIVE'),
  /** Services that are not enabled: their methods answer 403 SERVICE_DISABLED, e.g. `notebooks.googleapis.com`. */
  disabledServices: z.array(z.string()).default([]),
  /** A new project: so many times what was just made in it is not known yet, see settling.ts. */
  settles: z.int().min(0).default(0),
  /** Older projects made their default Compute Engine account an Editor, so that it may build; in newer ones it may nothing. */
  computeDefaultIsEditor: z.boolean().default(true),
  /** Zones that the Notebooks API lists under `unreachable`. */
  unreachable: z.array(z.string()).default([]),
  /** Zones that Compute Engine cannot reach: a warning in aggregated lists, 503 elsewhere. */
  unreachableForCompute: z.array(z.string()).default([]),
  /** Refuse `locations/-`, so that callers must list location by location. */
  refuseWildcard: z.boolean().default(false),
  notebooks: z.array(notebookSchema).default([]),
  vms: z.array(vmSchema).default([]),
  /** Metadata of the project, which each of its machines sees. */
  commonInstanceMetadata: z.record(z.string(), z.string()).default({}),
  /** Managed instance groups; `metadata.created-by` of a VM names its group. */
  instanceGroups: z.array(groupSeedSchema).default([]),
  /** What goes where, for the metrics of VM and bucket traffic. */
  traffic: z.array(flowSchema).default([]),
  /** What Monitoring says went wrong beside its data, by metric type. */
  metricErrors: z.record(z.string(), z.string()).default({}),
  /** Regions that Monitoring lists under `unreachable`: their series are missing. */
  unreachableForMonitoring: z.array(z.string()).default([]),
  /** Regions whose subnet `default` has Private Google Access; it is off as the API creates subnets. */
  privateGoogleAccess: z.array(z.string()).default([]),
  vertex: vertexSeedSchema.prefault({}),
  /** Bindings of its allow policy beside those that a test makes. */
  iam: z.array(policySeedSchema).default([]),
  serviceAccounts: z.array(accountSeedSchema).default([]),
  secrets: z.array(secretSeedSchema).default([]),
  /** Functions, Cloud Run services and jobs that others deployed. */
  run: servicesSeedSchema.prefault({}),
  /** Managed notebooks of the Notebooks API v1 that still exist. */
  managedNotebooks: z.array(runtimeSeedSchema).default([]),
  /** Resources of services that the sandbox keeps as the API shows them. */
  resources: z.array(storedSeedSchema).default([]),
  /** Duty cycle in percent that Monitoring has of each TPU worker, by zone: it names no node. */
  tpuDutyCycles: z.record(z.string(), z.array(z.number().min(0).max(100))).default({}),
  /** Locations that these services cannot reach. */
  unreachableLocations: z.array(z.string()).default([]),
  /** Id of the account that pays; the scenario's first when absent, none when null. */
  billingAccount: z.string().nullable().optional(),
  /** The link to the billing account cannot be changed. */
  billingLocked: z.boolean().default(false),
  /** Month to date when the clock starts. */
  spentUsd: z.number().nonnegative().default(0),
  /** Spend of what the sandbox has no machines for, e.g. an API that is called without end. */
  extraUsdPerHour: z.number().nonnegative().default(0),
});

const scenarioSchema = z.strictObject({
  name: z.string(),
  /** Where the sandbox's clock starts; the machine's own time when absent. */
  clock: z.iso.datetime().optional(),
  organization: z.strictObject({ id: z.string().regex(/^\d+$/), displayName: z.string() }).optional(),
  folders: z
    .array(z.strictObject({ id: z.string().regex(/^\d+$/), displayName: z.string(), parent: z.string() }))
    .default([]),
  projects: z.array(projectSchema).min(1),
  storage: storageSeedSchema.optional(),
  /** Regions of Vertex AI that are there whatever the scenario uses. */
  vertexRegions: z.array(z.string()).default(['europe-west4', 'us-central1', 'us-east4', 'us-west1']),
  billing: billingSeedSchema.prefault({}),
  /** Service perimeters: services of a project that are refused to calls from outside, `compute.googleapis.com`. */
  perimeters: z
    .array(
      z.strictObject({
        project: z.string(),
        services: z.array(z.string().endsWith('.googleapis.com')).min(1),
        except: z.array(z.string()).optional(),
      }),
    )
    .default([]),
  /** Accounts that may do everything, e.g. the person at the keyboard. */
  owners: z.array(z.string()).default(['owner@example.com']),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type ProjectSeed = Scenario['projects'][number];
export type NotebookSeed = ProjectSeed['notebooks'][number];
export type VmSeed = Omit<
  NotebookSeed,
  'acceleratorConfigs' | 'state' | 'healthState' | 'creator' | 'neverStops'
>;

/** Checks a scenario. Throws with every problem and its path. */
export function parseScenario(value: unknown): Scenario {
  const result = scenarioSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `  ${issue.path.join('.') || '(top)'}: ${issue.message}`,
  );
  throw new Error(`Cannot use the scenario:\n${problems.join('\n')}`);
}

/** Reads a scenario file: YAML or JSON. */
export function readScenario(path: string): Scenario {
  return parseScenario(parse(readFileSync(path, 'utf8')));
}
