import type { Vm } from '../../../shared/google/vms.ts';
import type { Endpoint, VertexJob } from '../../../shared/google/vertex/vertex.ts';
import type { NotOffered } from '../../../shared/google/vertex/inventory.ts';

/** What runs in a project when a rung becomes due. Only what the rung is about has been looked at. */
export interface Inventory {
  readonly projectId: string;
  /** Running Workbench instances. */
  readonly notebooks: readonly {
    readonly resource: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  /** Numeric ids of all Workbench instances' VMs: these are stopped as notebooks. */
  readonly notebookVmIds: ReadonlySet<string>;
  readonly vms: readonly Vm[];
  readonly jobs: readonly VertexJob[];
  readonly endpoints: readonly Endpoint[];
  /** What turned out not to exist in a region, where it would else have been looked for. */
  readonly notOffered: readonly NotOffered[];
  /** The linked billing account, `billingAccounts/A`; undefined when there is none. */
  readonly account: string | undefined;
}
