import type { JobSpec, VertexSeed } from './messages.ts';

/** The kinds of jobs that the sandbox has, by the name of their collection. */
export const JOB_KINDS = ['customJobs', 'hyperparameterTuningJobs', 'tuningJobs'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** The jobs of a scenario's project, brought to one form. */
export function jobsOf(seed: VertexSeed): readonly {
  readonly kind: JobKind;
  readonly seed:
    | VertexSeed['tuningJobs'][number]
    | VertexSeed['customJobs'][number]
    | VertexSeed['hyperparameterTuningJobs'][number];
  readonly shown: Readonly<Record<string, unknown>>;
  readonly machines?: { readonly spec: JobSpec; readonly times: number };
}[] {
  return [
    ...seed.customJobs.map((job) => ({
      kind: 'customJobs' as const,
      seed: job,
      shown: { displayName: job.displayName, jobSpec: job.jobSpec },
      machines: { spec: job.jobSpec, times: 1 },
    })),
    ...seed.hyperparameterTuningJobs.map((job) => ({
      kind: 'hyperparameterTuningJobs' as const,
      seed: job,
      shown: {
        displayName: job.displayName,
        studySpec: job.studySpec,
        maxTrialCount: job.maxTrialCount,
        parallelTrialCount: job.parallelTrialCount,
        trialJobSpec: job.trialJobSpec,
      },
      machines: { spec: job.trialJobSpec, times: job.parallelTrialCount },
    })),
    ...seed.tuningJobs.map((job) => ({
      kind: 'tuningJobs' as const,
      seed: job,
      shown: { tunedModelDisplayName: job.tunedModelDisplayName, baseModel: job.baseModel },
    })),
  ];
}
