import type { EventContext } from '../../shared/run/handle-event.ts';
import type { ProjectRef } from '../../shared/google/projects.ts';
import type { ProjectLease } from '../../shared/state/lease.ts';

/** What the restore of one project runs with. */
export interface RestoreRun extends EventContext {
  readonly project: ProjectRef;
  readonly lease: ProjectLease;
  /** Sleeps; the lease does not run out meanwhile. */
  readonly pause: (milliseconds: number) => Promise<void>;
}
