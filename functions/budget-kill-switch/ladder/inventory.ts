import type { NotOffered } from '../../../shared/resources/look.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';

/** What runs in a project when a rung becomes due. Only what the rung is about has been looked at. */
export interface Inventory {
  readonly projectId: string;
  /** In the order in which they are stopped. */
  readonly resources: readonly RunningResource[];
  /** What turned out not to exist in a region, where it would else have been looked for. */
  readonly notOffered: readonly NotOffered[];
  /** Why nothing can run in it, such as that it is deleted. */
  readonly nothingLeft?: string;
  /** The linked billing account, `billingAccounts/A`; undefined when there is none. */
  readonly account: string | undefined;
}
