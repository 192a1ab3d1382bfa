import { parseScenario, type Scenario, type ScenarioInput } from '../../sandbox/scenario.ts';

export const PROJECT = 'ml-bench';
export const STATE_BUCKET = 'ml-bench-costguard';

/** Observe, so that every notebook is read and judged and each tick finds the same fleet. */
export const POLICY = `mode: observe\nscope: [projects/${PROJECT}]\nstate: gs://${STATE_BUCKET}\nnotebooks:\n`;

type NotebookInput = NonNullable<ScenarioInput['projects'][number]['notebooks']>[number];

const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-east1-b'] as const;

const GPU = {
  machineType: 'n1-standard-8',
  accelerators: [{ type: 'nvidia-tesla-t4', count: 1 }],
  acceleratorConfigs: [{ type: 'NVIDIA_TESLA_T4', coreCount: '1' }],
};

/** Of ten notebooks four idle with a GPU, three work on one, two idle without one, one is stopped. */
const KINDS: readonly Partial<NotebookInput>[] = [
  ...Array<Partial<NotebookInput>>(4).fill({ ...GPU, load: { gpus: 0 } }),
  ...Array<Partial<NotebookInput>>(3).fill({ ...GPU, load: { cpu: 0.5, gpus: 80 } }),
  ...Array<Partial<NotebookInput>>(2).fill({}),
  { state: 'STOPPED', lastStart: '-10d', lastStop: '-8d' },
];

/**
 * One project with that many notebooks and the state bucket. No network load is near its threshold: the finer query
 * that would follow is a matter of the fleet, and the ideal schedule counts on its absence.
 */
export function notebookFleet(notebooks: number): Scenario {
  return parseScenario({
    name: `${notebooks} notebooks`,
    projects: [
      {
        id: PROJECT,
        number: '100000000001',
        notebooks: Array.from({ length: notebooks }, (_, index) => ({
          id: `nb-${String(index).padStart(5, '0')}`,
          zone: ZONES[index % ZONES.length] ?? ZONES[0],
          machineType: 'n1-standard-4',
          ...KINDS[index % KINDS.length],
        })),
      },
    ],
    storage: { buckets: [{ name: STATE_BUCKET, project: PROJECT, location: 'US-CENTRAL1' }] },
  });
}
