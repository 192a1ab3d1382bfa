import type { Run } from '../../../shared/run/sweep.ts';
import type { Series } from '../../../shared/google/monitoring.ts';
import type { Kernels } from '../facts.ts';
import { LATE_MINUTES, MINUTE_MS, query, type Window } from './measure.ts';

/** Set at the creation of an instance whose agent shall write them. */
const PROMISE = 'report-notebook-metrics';

/**
 * How many kernels and terminals there are, each by the name in Google's collection agent (ai-platform-samples,
 * notebooks-collection-agent) and by the one that the release notes of M134 use. Both are counts: one that changes tells of work,
 * one that stays the same does not, for an open kernel may be idle. -1 stands for a Jupyter server that did not answer.
 */
const METRICS = ['kernels', 'terminals'].flatMap((what) =>
  ['', 'jupyterlab_'].map((prefix) => ({ what, type: `custom.googleapis.com/notebooks/${prefix}${what}` })),
);

/** Points of a series, however long the window is. */
const MAX_POINTS = 60;

/** Labels that may say what a kernel does. No source documents one: where it is there, it is believed. */
const BUSY = [
  ['execution_state', 'busy'],
  ['state', 'busy'],
] as const;

/** Whether an instance's metadata promise that its kernels are reported. */
export function promisesKernels(metadata: Readonly<Record<string, string>>): boolean {
  return metadata[PROMISE]?.toLowerCase() === 'true';
}

/** What the kernels and terminals of some VMs did. */
export async function readKernels(
  run: Run,
  ids: readonly string[],
  window: Window,
): Promise<ReadonlyMap<string, Kernels>> {
  if (ids.length === 0) return new Map();
  const minutes = Math.round((window.endMs - window.startMs) / MINUTE_MS);
  const step = Math.ceil(minutes / MAX_POINTS);
  const expected = Math.max(1, Math.floor((minutes - LATE_MINUTES) / step));
  const aligned = { ...window, aligner: 'ALIGN_MAX', alignmentSeconds: step * 60 } as const;
  const found = new Map<string, { activity: string | undefined; coverage: number }>();
  const failures = await Promise.all(
    METRICS.map(({ what, type }) =>
      query(run, type, ids, aligned, ({ resourceLabels, metricLabels, points }) => {
        const counts = points.map(({ value }) => value).filter((value) => value >= 0);
        if (counts.length === 0) return;
        const id = resourceLabels['instance_id'] ?? '';
        const known = found.get(id) ?? { activity: undefined, coverage: 0 };
        found.set(id, {
          activity: known.activity ?? activityOf(what, metricLabels, counts),
          coverage: Math.max(known.coverage, Math.min(1, counts.length / expected)),
        });
      }),
    ),
  );
  const failure = failures.find((one) => one !== undefined);
  const kernelsOf = (id: string): Kernels => {
    const seen = found.get(id);
    if (failure !== undefined) return { kind: 'unreadable', why: failure.failed };
    return seen === undefined ? { kind: 'absent' } : { kind: 'measured', ...seen };
  };
  return new Map(ids.map((id) => [id, kernelsOf(id)]));
}

function activityOf(
  what: string,
  labels: Series['metricLabels'],
  counts: readonly number[],
): string | undefined {
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  if (BUSY.some(([label, value]) => labels[label]?.toLowerCase() === value))
    return high > 0 ? 'a kernel was executing' : undefined;
  return low === high ? undefined : `the number of its ${what} changed between ${low} and ${high}`;
}
