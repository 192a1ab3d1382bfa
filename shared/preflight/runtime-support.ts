/** When Google takes a Node.js runtime out of service. */
export interface RuntimeSupport {
  readonly id: string;
  /** From this day on it gets no more security patches, `yyyy-mm-dd`. */
  readonly deprecated: string;
  /** From this day on functions can be neither created nor updated on it, `yyyy-mm-dd`. */
  readonly decommissioned: string;
}

/**
 * Looked up on 2026-11-23; nodejs26 is in preview and has no dates yet.
 * Source: https://cloud.google.com/run/docs/runtimes/function-runtimes
 */
export const nodeRuntimes: readonly RuntimeSupport[] = [
  { id: 'nodejs20', deprecated: '2026-04-30', decommissioned: '2026-10-30' },
  { id: 'nodejs22', deprecated: '2027-04-30', decommissioned: '2027-10-31' },
  { id: 'nodejs24', deprecated: '2028-04-30', decommissioned: '2028-10-31' },
];

/** The runtime that costguard is deployed on. */
export const DEPLOYED_RUNTIME = 'nodejs24';

/** Whole days until a runtime is decommissioned, negative after that; undefined for one that the table does not have. */
export function daysUntilDecommission(id: string, now: Date): number | undefined {
  const runtime = nodeRuntimes.find((known) => known.id === id);
  if (runtime === undefined) return undefined;
  return Math.ceil((Date.parse(`${runtime.decommissioned}T00:00:00Z`) - now.getTime()) / 86_400_000);
}
