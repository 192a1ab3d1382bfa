import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadSchema } from './metrics/shapes.ts';
import { storageSeedSchema } from './services/storage/seed.ts';

/** A moment: RFC 3339, or relative to the clock's start: `-3d`, `-90m`, `0m`. */
const moment = z
  .string()
  .regex(
    /^(?:-?\d+(?:\.\d+)?[smhdw]|\d{4}-\d\d-\d\dT.+)$/,
    'a time such as -3d, -90m or 2026-11-18T09:00:00Z',
  );

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
  created: moment.default('-20d'),
  lastStart: moment.optional(),
  lastStop: moment.optional(),
  labels,
  externalIp: z.string().optional(),
  instanceId: z.string().optional(),
  load: loadSchema.prefault({}),
  scheduling: z
    .strictObject({ provisioningModel: z.enum(['STANDARD', 'SPOT']).default('STANDARD') })
    .optional(),
};

const vmStatus = z.enum(['STAGING', 'RUNNING', 'STOPPING', 'TERMINATED', 'SUSPENDED']);

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
    metadata: z.record(z.string(), z.string()).default({}),
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
  /** Zones that the Notebooks API lists under `unreachable`. */
  unreachable: z.array(z.string()).default([]),
  /** Refuse `locations/-`, so that callers must list location by location. */
  refuseWildcard: z.boolean().default(false),
  notebooks: z.array(notebookSchema).default([]),
  vms: z.array(vmSchema).default([]),
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
  /** Accounts that may do everything, e.g. the person at the keyboard. */
  owners: z.array(z.string()).default(['owner@example.com']),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type ProjectSeed = Scenario['projects'][number];
export type NotebookSeed = ProjectSeed['notebooks'][number];
export type VmSeed = Omit<
  NotebookSeed,
  'acceleratorConfigs' | 'state' | 'healthState' | 'metadata' | 'creator' | 'neverStops'
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

/** Milliseconds of a scenario time: absolute, or relative to `startMs`. */
export function momentMs(text: string, startMs: number): number {
  const relative = /^(-?\d+(?:\.\d+)?)([smhdw])$/.exec(text);
  if (relative === null) {
    const absolute = Date.parse(text);
    if (Number.isNaN(absolute))
      throw new Error(`Cannot read the time "${text}": use -3d, -90m or 2026-11-18T09:00:00Z`);
    return absolute;
  }
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }[
    relative[2] as 's' | 'm' | 'h' | 'd' | 'w'
  ];
  return startMs + Number(relative[1]) * unitMs;
}
