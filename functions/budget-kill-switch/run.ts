import type { EventContext } from '../../shared/run/handle-event.ts';

/** What the rungs of one project run with. */
export interface SwitchRun extends EventContext {
  readonly runId: string;
  readonly projectId: string;
  readonly projectNumber: string;
  readonly isDeleted?: true | undefined;
  /** Notes that something failed; the event fails in the end when a retry can help. */
  readonly failure: (resource: string, error: unknown) => void;
}
