import { describe, expect, it } from 'vitest';
import { readWorkloads } from '../../../functions/guardrail-audit/gather/workloads.ts';
import { readAccounts } from '../../../functions/guardrail-audit/gather/accounts.ts';
import { readManagedNotebooks } from '../../../functions/guardrail-audit/gather/managed-notebooks.ts';
import { readEverywhere } from '../../../functions/guardrail-audit/gather/vertex/vertex-regions.ts';
import { isRead, type Reading } from '../../../functions/guardrail-audit/reading.ts';
import type { Api } from '../../../shared/google/api.ts';
import { listBuckets } from '../../../shared/google/buckets.ts';
import { listBudgets } from '../../../shared/google/budgets.ts';
import { indexMachines } from '../../../shared/google/machines.ts';
import { listNotebooks } from '../../../shared/google/notebooks.ts';
import { listProjects } from '../../../shared/google/projects.ts';
import { listRunningJobs } from '../../../shared/google/vertex/running-jobs.ts';
import { readResources } from '../../../shared/resources/inventory.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { listVersions } from '../../../functions/lifecycle-enforcer/forecast/versions.ts';
import { findNewestReceipt } from '../../../shared/state/receipts.ts';
import { scriptedApi, type SentRequest } from '../../support/scripted-api.ts';
import * as z from 'zod/mini';

/** What Google lists where everything runs: one of each in the place that was listed, in the project that it is said to be in. */
const world =
  (project: string, elsewhere: (name: string) => string = String) =>
  ({ target }: SentRequest): unknown => {
    const collection = target.slice(target.lastIndexOf('/') + 1);
    const path = target.slice(target.indexOf('/projects/') + 1).replace('projects/p/', `projects/${project}/`);
    if (target.endsWith('/locations')) {
      const place = { name: `projects/${project}/locations/us-east4`, locationId: 'us-east4' };
      return { locations: [place] };
    }
    const name = elsewhere(`${path.replaceAll('/-', '/us-east4')}/one`);
    if (target.includes('/aggregated/')) {
      const scope = 'zones/us-east4-a';
      const link = elsewhere(`projects/${project}/${scope}/${collection}/one`);
      const vm = {
        ...{ id: '1', name: 'one', targetSize: 1, ...(collection === 'instances' ? { status: 'RUNNING' } : {}) },
        selfLink: `https://www.googleapis.com/compute/v1/${link}`,
        labels: { 'goog-dataproc-location': 'us-east4' },
        metadata: { items: [{ key: 'created-by', value: `projects/1/${scope}/instanceGroupManagers/one` }] },
      };
      return { items: { [scope]: { [collection]: [vm] } } };
    }
    if (target.startsWith('container.'))
      return {
        clusters: [
          {
            ...{ name: 'one', location: 'us-east4' },
            selfLink: `https://container.googleapis.com/v1/projects/${project}/zones/us-east4/clusters/one`,
            autopilot: { enabled: true },
            currentNodeCount: 1,
          },
        ],
      };
    if (target.startsWith('dataproc.'))
      return { clusters: [{ projectId: project, clusterName: 'one', status: { state: 'RUNNING' } }] };
    if (target.startsWith('dataflow.')) return { jobs: [{ id: '1', projectId: project, currentState: 'JOB_STATE_RUNNING' }] };
    if (target.startsWith('run.')) {
      const annotations = { 'run.googleapis.com/minScale': '1' };
      return { items: [{ metadata: { name: 'one', namespace: project, annotations } }] };
    }
    const running = collection === 'queuedResources' ? { state: 'ACTIVE' } : stateOf(target, collection);
    return { [collection]: [{ name, state: running, jobState: running, runtimeState: 'RUNNING', deployedModels: [{ id: '7' }], deployedIndexes: [{ id: '7' }], onlineServingConfig: { fixedNodeCount: 1 } }] };
  }; // prettier-ignore

/** The same answer with what it lists twice over, as where a second page repeats the first. */
function twice(answer: unknown): unknown {
  const items: readonly unknown[] = Array.isArray(answer) ? answer : [];
  if (items.length > 0) return [...items, ...items];
  if (typeof answer !== 'object' || answer === null) return answer;
  const isListing = Object.values(answer).every((value) => typeof value === 'object');
  return isListing ? Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, twice(value)])) : answer;
} // prettier-ignore

function stateOf(target: string, collection: string): unknown {
  if (target.startsWith('batch.')) return undefined;
  if (target.startsWith('tpu.')) return 'READY';
  if (target.startsWith('workstations.')) return 'STATE_RUNNING';
  if (/pipelines$|pipelineJobs$/i.test(collection)) return 'PIPELINE_STATE_RUNNING';
  return /jobs$/i.test(collection) ? 'JOB_STATE_RUNNING' : 'ACTIVE';
}

/** What is listed of these says its project, and its place in no field that a listing must have. */
const WITHOUT_PLACE: ReadonlySet<string> = new Set([
  'cloud-run-service',
  'cloud-run-worker-pool',
  'dataflow-job',
  'dataproc-cluster',
  'node-pool',
]);

/** Links of Compute Engine name a project by its id. */
const BY_ID: ReadonlySet<string> = new Set(['vm', 'instance-group']);

describe.each(RESOURCE_KINDS.map((kind) => ({ kind, title: kind.kind })))('$title', ({ kind }) => {
  const look = async (script: (sent: SentRequest) => unknown, projectNumber?: string) =>
    readResources({ api: scriptedApi(script).api, now: new Date(0) }, 'p', [kind], undefined, {
      projectNumber,
    });

  it.each(['p', '123'])('is listed where the answer names the project %s', async (project) => {
    const { resources, gaps } = await look(world(project), '123');
    expect(gaps).toEqual([]);
    expect(resources).toHaveLength(1);
  });

  it('is there once where its listing shows it twice', async () => {
    const { resources, gaps } = await look((sent) => twice(world('p')(sent)));
    expect(gaps).toEqual([]);
    expect(resources).toHaveLength(1);
  });

  it('of another project makes the look incomplete, and is not listed', async () => {
    for (const project of BY_ID.has(kind.kind) ? ['other'] : ['other', '456']) {
      const { resources, gaps } = await look(world(project), '123');
      expect(resources).toEqual([]);
      expect(gaps).not.toEqual([]);
      expect(gaps[0]?.why).toContain(`projects/${project}`);
      expect(gaps[0]?.cause).toMatchObject({ retryable: true });
    }
  }); // prettier-ignore

  if (WITHOUT_PLACE.has(kind.kind)) return;

  it('of another place does neither', async () => {
    const { resources, gaps } = await look(world('p', (name) => name.replace(/\/(locations|zones)\//, '/elsewhere/')));
    expect(resources).toEqual([]);
    expect(gaps[0]?.cause).toMatchObject({ retryable: true });
  }); // prettier-ignore
});

it('listings of one look that name two numbers are of two projects', async () => {
  const numbers: Record<string, string> = { customJobs: '123', endpoints: '456' };
  const kinds = RESOURCE_KINDS.filter((one) => ['custom-job', 'endpoint'].includes(one.kind));
  const { api } = scriptedApi((sent) =>
    world(numbers[sent.target.slice(sent.target.lastIndexOf('/') + 1)] ?? 'p')(sent),
  );
  const { resources, gaps } = await readResources({ api, now: new Date(0) }, 'p', kinds);
  expect(resources).toHaveLength(1);
  expect(gaps).toHaveLength(1);
});

async function all(pages: AsyncIterable<unknown>): Promise<void> {
  for await (const page of pages) expect(page).toBeDefined();
}

const AUDIT = { projectId: 'p', projectNumber: '123', now: new Date(0), digestOf: String };

/** Of the audit: a listing that fails is told, and nothing of it is read. */
const audited =
  (
    read: (look: typeof AUDIT & { readonly api: Api; failed: (error: unknown) => void }) => Promise<unknown>,
  ) =>
  async (api: Api): Promise<void> => {
    const errors: unknown[] = [];
    const reading = await read({ ...AUDIT, api, failed: (error) => void errors.push(error) });
    for (const error of errors) {
      expect(JSON.stringify(reading)).toContain('could not be read');
      throw error;
    }
  };

/** Listings beside those of the kinds, and what they answer of a project. */
const LISTINGS: readonly (readonly [string, (api: Api) => Promise<unknown>, (project: string) => object])[] =
  [
    ['VMs by id', (api) => indexMachines(api, 'p'), () => ({})],
    ['notebooks', (api) => all(listNotebooks(api, 'p')), () => ({})],
    ['functions, services and jobs', audited(readWorkloads), () => ({})],
    ['managed notebooks', audited(readManagedNotebooks), () => ({})],
    [
      'jobs for the audit',
      audited((look) =>
        readEverywhere(look, ['us-east4'], 'customJobs', z.looseObject({ name: z.string() })),
      ),
      () => ({}),
    ],
    [
      'service accounts',
      audited(readAccounts),
      (project) => ({ accounts: [{ name: `projects/${project}/serviceAccounts/a@b`, email: 'a@b' }] }),
    ],
  ];

describe.each(LISTINGS)('%s', (_, list, answer) => {
  const listed = (project: string) =>
    list(
      scriptedApi((sent) => ({ ...(world(project)(sent) as object), ...answer(project) })).api,
    );

  it.each(['p', '123'])('are those of the project %s', async (project) => {
    await listed(project);
  });

  it('are of no use where one is of another project', async () => {
    await expect(listed('other')).rejects.toMatchObject({ retryable: true });
    await expect(listed('other')).rejects.toThrow('projects/other');
  });
}); // prettier-ignore

describe('a listing of Vertex AI for the notebooks', () => {
  const jobs = (project: string) => listRunningJobs(scriptedApi(world(project)).api, 'p');

  it('has the jobs of the project alone', async () => {
    expect((await jobs('123')).jobs).toHaveLength(5);
    const { jobs: found, gaps } = await jobs('other');
    expect(found).toEqual([]);
    expect(gaps).toHaveLength(5);
    expect(gaps[0]?.error).toMatchObject({ retryable: true });
  });
});

describe('buckets', () => {
  const listed = (...numbers: readonly string[]) => {
    const items = numbers.map((projectNumber, at) => ({
      name: `b${at}`,
      metageneration: '1',
      projectNumber,
    }));
    return all(listBuckets(scriptedApi(() => ({ items })).api, 'p'));
  };

  it('of two projects are no listing of one', async () => {
    await listed('123', '123');
    await expect(listed('123', '456')).rejects.toMatchObject({ retryable: true });
  });
});

it('budgets of another billing account are not those of this one', async () => {
  const { api } = scriptedApi(() => ({ budgets: [{ name: 'billingAccounts/B/budgets/1' }] }));
  await expect(listBudgets(api, 'billingAccounts/B')).resolves.toMatchObject({ items: [{}] });
  await expect(listBudgets(api, 'billingAccounts/A')).rejects.toMatchObject({ retryable: true });
});

it('projects and folders that are found elsewhere than searched are not in the scope, and named', async () => {
  const named: string[] = [];
  const found = await listProjects(
    scriptedApi(({ target, query }) => {
      const parent = query['query']?.replace('parent:', '');
      if (parent === 'folders/8' || parent === 'folders/9') throw new Error('It is not in the scope');
      if (target.endsWith('projects:search'))
        return { projects: [{ projectId: `moved-${parent}`, parent: 'folders/9' }, { projectId: `in-${parent}`, parent }] };
      if (parent !== 'folders/1') return {};
      return { folders: [{ name: 'folders/8', parent: 'folders/9' }, { name: 'folders/2', parent }] };
    }).api,
    ['folders/1'],
    (parent, strange) => void named.push(...strange.map(({ path, why }) => `${parent}: ${path}: ${why}`)),
  );
  expect(found).toEqual(['in-folders/1', 'in-folders/2']);
  expect(named).toEqual([
    'folders/1: projects[0].parent: it is "folders/9"',
    'folders/1: folders[0].parent: it is "folders/9"',
    'folders/2: projects[0].parent: it is "folders/9"',
  ]);
}); // prettier-ignore

const readsOf = <T>(reading: Reading<readonly T[]>): readonly T[] => (isRead(reading) ? reading.value : []);

describe('the keys of a service account', () => {
  const key = (name: string) => ({ name, validAfterTime: '2026-01-01T00:00:00Z' });
  const listed = async (name: string): Promise<readonly unknown[]> => {
    const { api } = scriptedApi(({ target }) =>
      target.endsWith('/keys')
        ? { keys: [key(name)] }
        : { accounts: [{ name: 'projects/p/serviceAccounts/a@b', email: 'a@b' }] },
    );
    const errors: unknown[] = [];
    const accounts = await readAccounts({ ...AUDIT, api, failed: (error) => void errors.push(error) });
    const keys = readsOf(accounts).flatMap((account) => readsOf(account.keys));
    return [...keys.map(({ id }) => id), ...errors];
  };

  it.each(['p', '123'])('are those of the project %s', async (project) => {
    expect(await listed(`projects/${project}/serviceAccounts/a@b/keys/1`)).toEqual(['1']);
  });

  it.each([
    'projects/p/serviceAccounts/other@b/keys/1',
    'projects/other/serviceAccounts/a@b/keys/1',
    'projects/456/serviceAccounts/a@b/keys/1',
    '1',
  ])('are not known by %s', async (name) => {
    expect(await listed(name)).toMatchObject([{ retryable: true }]);
  });
});

it('receipts of another function or day do not say which one is the newest', async () => {
  const stored = (folder: string) =>
    scriptedApi(() => ({
      items: [{ name: `${folder}/20261118T214000Z-1.json`, metadata: { projects: 'p' } }],
    })).api;
  const find = (folder: string) =>
    findNewestReceipt(stored(folder), 'b', {
      ...{ functionName: 'guardrail-audit', projectId: 'p', maxAgeMs: 60_000 },
      now: new Date('2026-11-18T21:40:30Z'),
    });
  const today = 'receipts/guardrail-audit/2026/11/18';
  expect(await find(today)).toBe(`${today}/20261118T214000Z-1.json`);
  for (const folder of ['receipts/spend-watch/2026/11/18', 'receipts/guardrail-audit/2026/11/17', ''])
    await expect(find(folder)).rejects.toMatchObject({ retryable: true });
});

it('objects of another bucket are not those of this one', async () => {
  const object = {
    ...{ name: 'o', generation: '1', size: '1', storageClass: 'STANDARD' },
    timeCreated: '2026-01-01T00:00:00Z',
  };
  const versions = (bucket?: string) =>
    all(
      listVersions(scriptedApi(() => ({ items: [{ ...object, bucket }] })).api, 'b', undefined, (items) => {
        throw new Error(JSON.stringify(items));
      }),
    );
  await versions('b');
  for (const other of ['c', undefined])
    await expect(versions(other)).rejects.toMatchObject({ retryable: true });
});
