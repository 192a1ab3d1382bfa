import { describe, expect, it } from 'vitest';
import { chooseWidth } from '../../../functions/idle-notebook-stopper/signals/width.ts';
import type { NotebookPage } from '../../../shared/google/notebooks.ts';

function page(running: number, more: Partial<NotebookPage> = {}): NotebookPage {
  const of = (state: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `${state}-${index}`, state }));
  return {
    instances: [...of('ACTIVE', running), ...of('STOPPED', 5)],
    strange: [],
    only: false,
    unreachable: [],
    ...more,
  };
}

const vms = (count: number | undefined) => async () => Promise.resolve(count);

describe('chooseWidth', () => {
  it('reads the whole project where it has at most two running VMs for each running notebook', async () => {
    for (const [count, isWide] of [[200, true], [201, false]] as const) {
      const width = chooseWidth(vms(count));
      width.note(page(60));
      width.note(page(40));
      width.end();
      expect(await width.isWide()).toBe(isWide);
    }
  }); // prettier-ignore

  it('waits for as many pages as it takes, and no longer', async () => {
    const width = chooseWidth(vms(200));
    const answer = width.isWide();
    width.note(page(60));
    width.note(page(40));
    expect(await answer).toBe(true);
  });

  it('does not wait for ever: what is listed meanwhile is held', async () => {
    const width = chooseWidth(vms(1_000_000));
    const answer = width.isWide();
    for (let pages = 0; pages < 120; pages++) width.note(page(95));
    expect(await answer).toBe(false);
  });

  it('names the VMs of a single page, and where the VMs could not be listed or the listing failed', async () => {
    const single = chooseWidth(vms(0));
    single.note(page(90, { only: true }));
    expect(await single.isWide()).toBe(false);
    const unknown = chooseWidth(vms(undefined));
    unknown.note(page(90));
    expect(await unknown.isWide()).toBe(false);
    const failed = chooseWidth(vms(500));
    failed.note(page(90));
    failed.end();
    expect(await failed.isWide()).toBe(false);
  });
});
