import type { NotebookInstance, NotebookPage } from '../../../shared/google/notebooks.ts';

/**
 * Notebooks whose signals one query reads. With 80 ids of 20 digits, the most that a VM's id has, the longest filter has some
 * 2,000 characters. No limit of `timeSeries.list` is documented: the same filter in an alert policy takes 2,048 (AlertPolicy,
 * google/monitoring/v3/alert.proto), and cloud-custodian measured about 11,000 (pull request 6595).
 */
export const MAX_BATCH = 80;

/** Notebooks that are looked at together, running or not. */
const MAX_INSTANCES = 5 * MAX_BATCH;

/** Notebooks that are looked at together: of running ones, whose signals are read, as many as one query takes. */
export interface Batch {
  readonly instances: readonly NotebookInstance[];
  /** Whether the project has no more than one page of them. */
  readonly only: boolean;
}

/**
 * Cuts the pages of a listing into batches: fewer queries than one per page and rest of a page would be. When the listing
 * fails, what it gave until then still comes.
 */
export async function* batchesOf(pages: AsyncIterable<NotebookPage>): AsyncGenerator<Batch> {
  let waiting: NotebookInstance[] = [];
  let running = 0;
  let only = false;
  let failed: { readonly error: unknown } | undefined;
  try {
    for await (const page of pages) {
      only = page.only;
      for (const instance of page.instances) {
        waiting.push(instance);
        if (instance.state === 'ACTIVE') running += 1;
        if (running < MAX_BATCH && waiting.length < MAX_INSTANCES) continue;
        yield { instances: waiting, only };
        [waiting, running] = [[], 0];
      }
    }
  } catch (error) {
    failed = { error };
  }
  if (waiting.length > 0) yield { instances: waiting, only };
  if (failed !== undefined) throw failed.error;
}
