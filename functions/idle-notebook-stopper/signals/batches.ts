import type { NotebookInstance, NotebookPage } from '../../../shared/google/notebooks.ts';

/**
 * Notebooks whose signals one query reads. With 80 ids of 20 digits, the most that a VM's id has, the longest filter has some
 * 2,000 characters. No limit of `timeSeries.list` is documented: the same filter in an alert policy takes 2,048 (AlertPolicy,
 * google/monitoring/v3/alert.proto), and cloud-custodian measured about 11,000 (pull request 6595).
 */
export const MAX_BATCH = 80;

/** Notebooks that are looked at together. */
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
  let waiting: readonly NotebookInstance[] = [];
  let only = false;
  let failed: { readonly error: unknown } | undefined;
  try {
    for await (const page of pages) {
      waiting = [...waiting, ...page.instances];
      only = page.only;
      for (; waiting.length >= MAX_BATCH; waiting = waiting.slice(MAX_BATCH))
        yield { instances: waiting.slice(0, MAX_BATCH), only };
    }
  } catch (error) {
    failed = { error };
  }
  if (waiting.length > 0) yield { instances: waiting, only };
  if (failed !== undefined) throw failed.error;
}
