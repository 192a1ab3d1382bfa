import { describe, expect, it } from 'vitest';
import { readIdleGpus } from '../../../functions/spend-watch/anomalies/idle-gpus.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import { accrue } from '../../../shared/spend/accrue.ts';
import { CONFIG, NOW, START, vm } from '../../support/burn-lab.ts';
import { running } from '../../support/running-resource.ts';
import { refuse, scriptedApi } from '../../support/scripted-api.ts';

const STEPS = 36;
const STEP_MS = 600_000;

/** A VM with two GPUs, for days. */
function gpuVm(id: number): RunningResource {
  const { resource } = vm(`gpu-${id}`, 1);
  return running('vm', { resource, gpus: 2, ownerKeys: [`vm/${id}`], startedMs: 1 });
}

/** The load of one GPU of a VM in percent, a point every ten minutes, as far as the agent reported. */
function seriesOf(id: number, load: number, { points = STEPS, model = 'Tesla T4' } = {}): object {
  return {
    metric: { labels: { model } },
    resource: { labels: { instance_id: String(id) } },
    points: Array.from({ length: points }, (_, at) => ({
      interval: { endTime: new Date(NOW - at * STEP_MS).toISOString() },
      value: { doubleValue: load },
    })),
  };
}

/** What a look finds where Cloud Monitoring answers these pages. */
async function look(vms: readonly RunningResource[], pages: readonly (readonly object[] | number)[]) {
  const { api, requested } = scriptedApi(({ query: { pageToken = '0' } }) => {
    const page = pages[Number(pageToken)] ?? [];
    if (typeof page === 'number') return refuse(page);
    const next = Number(pageToken) + 1;
    return { timeSeries: page, ...(next < pages.length ? { nextPageToken: String(next) } : {}) };
  });
  const run = {
    ...{ api, projectId: 'ml-burn', runId: 'r', startedAt: new Date(NOW), log: () => undefined },
    policy: { notify: { channels: [{ kind: 'topic', topic: 'projects/p/topics/t' }] } },
  } as unknown as Run;
  const resources = vms.map(({ resource }) => vm(resource.replace(/^.*\//, ''), 1));
  const before = accrue(undefined, { project: 'ml-burn', atMs: START, resources, complete: true });
  const { idle, unknown } = await readIdleGpus(run, CONFIG, vms, before);
  const names = idle.map(({ resource }) => resource.replace(/^.*\//, ''));
  return { idle: names, unknown, calls: requested.length };
}

describe('the load of GPUs', () => {
  it('is judged of all VMs, however many, by one listing', async () => {
    const vms = Array.from({ length: 200 }, (_, id) => gpuVm(id));
    const all = vms.flatMap((_, id) => [seriesOf(id, 1), seriesOf(id, id < 197 ? 80 : 1)]);
    const pages = [all.slice(0, 150), all.slice(150, 301), all.slice(301)];
    expect(await look(vms, pages)).toEqual({
      ...{ idle: ['gpu-197', 'gpu-198', 'gpu-199'], unknown: 0, calls: 3 },
    });
  });

  it.each<[string, readonly object[], readonly string[], number]>([
    ['both GPUs rest', [seriesOf(1, 1), seriesOf(1, 4.9)], ['gpu-1'], 0],
    ['one of them works', [seriesOf(1, 1), seriesOf(1, 5)], [], 0],
    ['one of them works, and of the other nothing is known', [seriesOf(1, 5)], [], 0],
    ['of one of them nothing is known', [seriesOf(1, 1)], [], 1],
    ['nothing is known of it, only of a VM beside it', [seriesOf(2, 1), seriesOf(2, 1)], [], 1],
    ['the agent missed some hours', [seriesOf(1, 1), seriesOf(1, 1, { points: 20 })], [], 1],
    ['they are in MIG mode', [seriesOf(1, 1), seriesOf(1, 0, { model: 'A100 MIG 1g.5gb' })], [], 1],
  ])('counts what is not known: %s', async (_, series, idle, unknown) => {
    expect(await look([gpuVm(1)], [series])).toMatchObject({ idle, unknown });
  });

  it('is not known of any VM where a page fails, and nothing writes it where Monitoring knows no such metric', async () => {
    const vms = [gpuVm(1), gpuVm(2)];
    const page = [seriesOf(1, 1), seriesOf(1, 1)];
    expect(await look(vms, [page, 403])).toMatchObject({ idle: [], unknown: 2 });
    expect(await look(vms, [404])).toMatchObject({ idle: [], unknown: 2 });
  });
});
