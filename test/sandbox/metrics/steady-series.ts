import { metricOf } from '../services/monitoring/metric-catalog.ts';
import type { Series, SeriesQuery } from '../services/monitoring/series.ts';
import type { Accounts } from '../services/iam/accounts.ts';
import type { KeySeed } from '../services/iam/seed.ts';
import type { Projects } from '../services/resource-manager/projects.ts';

/** https://docs.cloud.google.com/monitoring/api/metrics_gcp_i_o: the authentications with each key of a service account. */
const KEY_USES = 'iam.googleapis.com/service_account/key/authn_events_count';
const DUTY_CYCLE = 'tpu.googleapis.com/accelerator/duty_cycle';
const DAY_MS = 86_400_000;

export function isSteadyMetric(metricType: string): boolean {
  return metricType === KEY_USES || metricType === DUTY_CYCLE;
}

export interface SteadyOptions {
  readonly projects: Projects;
  readonly accounts: Accounts;
  /** By e-mail address. */
  readonly keys: ReadonlyMap<string, readonly KeySeed[]>;
}

/** What a scenario says by one number, the same at all times. A key that nothing uses has no series. */
export function steadySeries({
  projects,
  accounts,
  keys,
}: SteadyOptions): (projectId: string, query: SeriesQuery) => Iterable<Series> | undefined {
  return (projectId, { metricType }) => {
    const project = projects.all.find((known) => known.id === projectId || known.number === projectId);
    if (project === undefined) return undefined;
    if (metricType === DUTY_CYCLE)
      return Object.entries(project.tpuDutyCycles).flatMap(([location, workers]) =>
        workers.map((percent, worker) =>
          steady(DUTY_CYCLE, percent, {
            metric: { accelerator_id: '0' },
            resource: { resource_container: project.number, location, worker_id: String(worker) },
          }),
        ),
      );
    return accounts.of(project.id).flatMap(({ email, uniqueId }) =>
      (keys.get(email) ?? [])
        .filter(({ usesPerDay }) => usesPerDay > 0)
        .map(({ id, usesPerDay }) => {
          const perSample = (usesPerDay * metricOf(KEY_USES).samplePeriodMs) / DAY_MS;
          return steady(KEY_USES, Math.max(1, Math.round(perSample)), {
            metric: { key_id: id },
            resource: { project_id: project.id, unique_id: uniqueId },
          });
        }),
    );
  };
}

function steady(
  type: string,
  value: number,
  labels: {
    readonly metric: Readonly<Record<string, string>>;
    readonly resource: Readonly<Record<string, string>>;
  },
): Series {
  const { metricKind, valueType, unit, samplePeriodMs, resourceType } = metricOf(type);
  return {
    metric: { type, labels: labels.metric },
    resource: { type: resourceType, labels: labels.resource },
    metricKind,
    valueType,
    unit,
    *points(fromMs, toMs) {
      const first = Math.ceil((fromMs + 1) / samplePeriodMs) * samplePeriodMs;
      for (let atMs = first; atMs <= toMs; atMs += samplePeriodMs) yield { atMs, value };
    },
    ...(metricKind === 'DELTA'
      ? {
          sum: (fromMs: number, toMs: number) => {
            const samples = Math.floor((toMs - fromMs) / samplePeriodMs);
            return samples < 1 ? undefined : samples * value;
          },
        }
      : {}),
  };
}
