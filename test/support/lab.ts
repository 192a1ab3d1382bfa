import { parseScenario, type Scenario, type ScenarioInput } from '../sandbox/scenario.ts';

export const NAME = 'idle-notebook-stopper';
export const OPERATIONS = 'ml-ops-local';
export const LAB = 'ml-lab';
export const BUCKET = 'ml-ops-local-costguard';
export const RECEIPTS_TOPIC = `projects/${OPERATIONS}/topics/costguard-receipts`;

/** A Wednesday, 21:40 UTC. */
export const START = '2026-11-18T21:40:00Z';

type ProjectInput = ScenarioInput['projects'][number];
export type NotebookInput = NonNullable<ProjectInput['notebooks']>[number];

/** A CPU notebook that has been idle for days. */
export function idle(id: string, more: Partial<NotebookInput> = {}): NotebookInput {
  return {
    id,
    zone: 'us-central1-a',
    machineType: 'n1-standard-4',
    created: '-20d',
    lastStart: '-3d',
    ...more,
  };
}

/** A CPU notebook at work. */
export function busy(id: string, more: Partial<NotebookInput> = {}): NotebookInput {
  return idle(id, { load: { cpu: 0.6 }, ...more });
}

/** A GPU notebook that has been idle for days. */
export function idleGpu(id: string, more: Partial<NotebookInput> = {}): NotebookInput {
  return idle(id, {
    accelerators: [{ type: 'nvidia-tesla-t4', count: 1 }],
    acceleratorConfigs: [{ type: 'NVIDIA_TESLA_T4', coreCount: '1' }],
    load: { gpus: 0 },
    ...more,
  });
}

/** An operations project with its state bucket, and one project to look after. */
export function labScenario(
  notebooks: readonly NotebookInput[],
  more: { readonly project?: Partial<ProjectInput>; readonly others?: readonly ProjectInput[] } & Partial<
    Pick<ScenarioInput, 'organization' | 'folders' | 'clock'>
  > = {},
): Scenario {
  const { project, others = [], ...rest } = more;
  return parseScenario({
    name: 'lab',
    clock: START,
    ...rest,
    projects: [
      { id: OPERATIONS, number: '100000000001' },
      { id: LAB, number: '100000000002', notebooks: [...notebooks], ...project },
      ...others,
    ],
    storage: {
      buckets: [
        { name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1', versioning: { enabled: true } },
      ],
    },
  } satisfies ScenarioInput);
}

/** A policy that acts on the lab; `notebooks` are lines of that section. */
export function labPolicy(
  options: {
    readonly mode?: 'observe' | 'enforce';
    readonly scope?: readonly string[];
    readonly notebooks?: readonly string[];
  } = {},
): string {
  const { mode = 'enforce', scope = [`projects/${LAB}`], notebooks = [] } = options;
  return [
    `mode: ${mode}`,
    `scope: [${scope.join(', ')}]`,
    `state: gs://${BUCKET}`,
    `receipts: ${RECEIPTS_TOPIC}`,
    'notebooks:',
    ...notebooks.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** Full name of a notebook of the lab. */
export function notebookName(id: string, zone = 'us-central1-a', project = LAB): string {
  return `projects/${project}/locations/${zone}/instances/${id}`;
}
