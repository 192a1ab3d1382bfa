import type { NotebookPage } from '../../../shared/google/notebooks.ts';

/** Of so many running VMs for each running notebook one query of the project is worth its series. */
const MAX_VMS_PER_NOTEBOOK = 2;

/** Pages that may be listed before it is clear: what is listed is held. */
const MAX_PAGES = 120;

/** Whether the metrics of a project's notebooks are read by queries of the whole project. */
export interface Width {
  /** A page was listed. */
  note(page: NotebookPage): void;
  /** The listing is over, or failed. */
  end(): void;
  /** Waits for as many pages as it takes. */
  isWide(): Promise<boolean>;
}

/**
 * Monitoring bills a read by the series it returns, so that queries name the notebooks' VMs: eight queries for 80 of them. Where
 * most VMs are notebooks, a query of the project returns hardly more, and hundreds of calls less. `countVms`: the running VMs of
 * the project, undefined where they could not be listed.
 */
export function chooseWidth(countVms: () => Promise<number | undefined>): Width {
  let notebooks = 0;
  let pages = 0;
  let isOver = false;
  let isOnly = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const go of waiting) go();
    waiting = [];
  };
  return {
    note(page) {
      notebooks += page.instances.filter(({ state }) => state === 'ACTIVE').length;
      pages += 1;
      isOnly = page.only;
      wake();
    },
    end() {
      isOver = true;
      wake();
    },
    async isWide() {
      if (isOnly) return false;
      const vms = await countVms();
      if (vms === undefined) return false;
      const isWorth = (): boolean => vms <= notebooks * MAX_VMS_PER_NOTEBOOK;
      while (!isWorth() && !isOver && pages < MAX_PAGES)
        await new Promise<void>((resolve) => waiting.push(resolve));
      return isWorth();
    },
  };
}
