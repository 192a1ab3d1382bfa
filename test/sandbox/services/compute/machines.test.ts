import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ApiError } from '../../http/api-error.ts';
import { createClock } from '../../clock/clock.ts';
import { createFleet } from './fleet.ts';
import { createIam } from '../../iam/iam.ts';
import type { Call, Route } from '../../http/route.ts';
import { momentMs } from '../../clock/moment.ts';
import { parseScenario } from '../../scenario.ts';
import { projectRoutes } from './project-routes.ts';
import { computeService } from './routes.ts';
import { notebooksService } from '../notebooks/routes.ts';
import { createProjects, resourceManagerService } from '../resource-manager/projects.ts';

const START = Date.parse('2026-11-18T09:00:00Z');
const AGGREGATED = '/compute/v1/projects/p/aggregated/instances';

const scenario = parseScenario({
  name: 'machines',
  organization: { id: '9', displayName: 'org' },
  folders: [{ id: '1', displayName: 'f', parent: 'organizations/9' }],
  projects: [
    {
      id: 'p',
      number: '11',
      parent: 'folders/1',
      labels: { env: 'dev' },
      unreachableForCompute: ['asia-east1-c'],
      commonInstanceMetadata: { 'startup-script': 'echo ready' },
      notebooks: [{ id: 'nb', zone: 'us-central1-a', machineType: 'n1-standard-4', metadata: { a: '1', b: '2' } }],
      vms: [
        { id: 'train-1', zone: 'us-central1-a', machineType: 'a2-highgpu-1g', labels: { env: 'prod' }, created: '-9d' },
        { id: 'train-2', zone: 'us-central1-b', machineType: 'n1-standard-8', vmStatus: 'TERMINATED', created: '-5d' },
        { id: 'far', zone: 'asia-east1-c', machineType: 'n1-standard-8' },
      ],
    },
    { id: 'q', number: '12', displayName: 'Other one' },
  ],
}); // prettier-ignore

function world() {
  const clock = createClock({ startMs: START, frozen: true });
  const projects = createProjects(scenario);
  const fleet = createFleet({ clock, projects: scenario.projects, timeOf: (text) => momentMs(text, START) });
  const iam = createIam((resource) => projects.parentOf(resource));
  iam.bind({
    member: 'p-only@x',
    role: 'r',
    permissions: ['resourcemanager.projects.get'],
    on: 'projects/p',
  });
  iam.bind({ member: 'all@x', role: 'r', permissions: 'all', on: 'organizations/9' });
  const routes: Route[] = [
    ...computeService({ fleet, projects }),
    ...projectRoutes({ projects }),
    ...notebooksService({ fleet, projects }),
    ...resourceManagerService({ projects, scenario, iam }),
  ];
  const send = async (method: string, path: string, body?: object, principal = 'all@x'): Promise<Shown> => {
    const url = new URL(path, 'https://compute.googleapis.com');
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(url.pathname) : null;
      if (match === null) continue;
      const json = (body ?? {}) as Record<string, unknown>;
      const call: Call = {
        method, host: route.host, url, headers: {}, params: { ...match.groups }, query: url.searchParams,
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)), json: () => json, principal,
      }; // prettier-ignore
      route.needs(call);
      return (await route.handle(call)).body as Shown;
    }
    throw new Error(`no route for ${method} ${path}`);
  };
  return { clock, fleet, send };
}

type Shown = Readonly<Record<string, unknown>>;
type Scopes = Readonly<Record<string, { instances?: readonly Shown[]; warning?: { code: string } }>>;

/** `zones/z: a b` or `zones/z: !WARNING`, in the order of the answer. */
function outline(list: Shown): string[] {
  return Object.entries(list['items'] as Scopes).map(
    ([scope, { instances, warning }]) =>
      `${scope}: ${warning === undefined ? (instances ?? []).map((vm) => String(vm['name'])).join(' ') : `!${warning.code}`}`,
  );
}

const code = (status: number) => (error: unknown) => error instanceof ApiError && error.status === status;

describe('compute.instances.aggregatedList', () => {
  it('warns of empty and of unreachable zones', async () => {
    const list = await world().send('GET', `${AGGREGATED}?returnPartialSuccess=true`);
    assert.deepEqual(outline(list), [
      'zones/asia-east1-c: !UNREACHABLE',
      'zones/europe-west4-a: !NO_RESULTS_ON_PAGE',
      'zones/us-central1-a: train-1 nb',
      'zones/us-central1-b: train-2',
      'zones/us-central1-c: !NO_RESULTS_ON_PAGE',
      'zones/us-east4-c: !NO_RESULTS_ON_PAGE',
      'zones/us-west1-b: !NO_RESULTS_ON_PAGE',
    ]);
    assert.deepEqual(list['unreachables'], ['zones/asia-east1-c']);
  });

  it('fails without returnPartialSuccess when a zone is out of reach', async () => {
    await assert.rejects(world().send('GET', AGGREGATED), code(503));
    await assert.rejects(world().send('GET', `${AGGREGATED}?returnPartialSuccess=false`), code(503));
    await assert.rejects(
      world().send('GET', '/compute/v1/projects/p/zones/asia-east1-c/instances'),
      code(503),
    );
    const elsewhere = await world().send('GET', '/compute/v1/projects/p/zones/us-central1-b/instances');
    assert.equal((elsewhere['items'] as Shown[]).length, 1);
  });

  it('adds the scopes without machines for includeAllScopes', async () => {
    const list = await world().send('GET', `${AGGREGATED}?returnPartialSuccess=True&includeAllScopes=True`);
    const more = outline(list).filter((line) => !line.startsWith('zones/'));
    assert.equal(more.length, 6);
    assert.ok(
      more.includes('global: !NO_RESULTS_ON_PAGE') &&
        more.includes('regions/us-central1: !NO_RESULTS_ON_PAGE'),
    );
  });

  it('pages through all machines once', async () => {
    const { send } = world();
    const names: string[] = [];
    for (let token = '', pages = 0; pages < 9; pages += 1) {
      const list = await send(
        'GET',
        `${AGGREGATED}?returnPartialSuccess=true&maxResults=1&pageToken=${token}`,
      );
      for (const { instances } of Object.values(list['items'] as Scopes))
        names.push(...(instances ?? []).map((vm) => String(vm['name'])));
      if (list['nextPageToken'] === undefined) break;
      token = list['nextPageToken'] as string;
    }
    assert.deepEqual(names.sort(), ['nb', 'train-1', 'train-2']);
  });

  const filters: readonly [string, string][] = [
    ['name = train-1', 'train-1'],
    ['name="train-1"', 'train-1'],
    ['name = train-*', 'train-1 train-2'],
    ['name != train-1', 'nb train-2'],
    ['status = terminated', 'train-2'],
    ['labels.env = prod', 'train-1'],
    ['labels.env != prod', 'nb train-2'],
    ['(name = train-*) (status = RUNNING)', 'train-1'],
    ['name = nb OR name = train-2 AND status = TERMINATED', 'nb train-2'],
    ['(name = nb OR name = train-2) AND status = TERMINATED', 'train-2'],
    ['NOT name = nb', 'train-1 train-2'],
    ['name eq "train-.*"', 'train-1 train-2'],
    ['name eq "train"', ''],
    ['(status ne TERMINATED)(name eq ".*(n).*")', 'nb train-1'],
    ['scheduling.preemptible = false', 'nb train-1 train-2'],
  ];
  for (const [filter, expected] of filters)
    it(`filters by ${filter}`, async () => {
      const query = `returnPartialSuccess=true&filter=${encodeURIComponent(filter)}`;
      const list = await world().send('GET', `${AGGREGATED}?${query}`);
      const names = Object.values(list['items'] as Scopes).flatMap(({ instances }) =>
        (instances ?? []).map((vm) => String(vm['name'])),
      );
      assert.equal(names.sort().join(' '), expected);
    });

  for (const query of ['filter=name', 'filter=name%20%3C%201', 'filter=(name=a', 'filter=name=a)', 'filter=name%20eq%20%22(%22', 'orderBy=status', 'maxResults=501', 'pageToken=x'])
    it(`refuses ${query}`, async () => {
      await assert.rejects(world().send('GET', `${AGGREGATED}?returnPartialSuccess=true&${query}`), code(400));
    }); // prettier-ignore

  it('orders a zone by age, the newest first', async () => {
    const list = await world().send('GET', '/compute/v1/projects/p/zones/us-central1-a/instances?orderBy=creationTimestamp%20desc');
    assert.deepEqual((list['items'] as Shown[]).map((vm) => vm['name']), ['train-1', 'nb']);
  }); // prettier-ignore
});

describe('compute.instances: one machine', () => {
  it('stops by name or number, and its operation tells when that is done', async () => {
    const { send, fleet, clock } = world();
    const vm = fleet.vms.get('projects/p/zones/us-central1-a/instances/train-1');
    assert.ok(vm !== undefined);
    const operation = await send(
      'POST',
      `/compute/v1/projects/11/zones/us-central1-a/instances/${vm.id}/stop`,
    );
    const path = `/compute/v1/projects/p/zones/us-central1-a/operations/${String(operation['name'])}`;
    assert.deepEqual([vm.status, (await send('POST', `${path}/wait`))['status']], ['STOPPING', 'RUNNING']);
    await clock.advance(60_000);
    assert.deepEqual([vm.status, (await send('GET', path))['status']], ['TERMINATED', 'DONE']);
  });

  it('is not found under a wrong name, zone or operation', async () => {
    const { send } = world();
    await assert.rejects(
      send('GET', '/compute/v1/projects/p/zones/us-central1-b/instances/train-1'),
      code(404),
    );
    await assert.rejects(send('GET', '/compute/v1/projects/p/zones/us-central1-a/operations/x'), code(404));
    await assert.rejects(send('GET', '/compute/v1/projects/p/zones/mars-1-a/instances'), code(400));
    await assert.rejects(send('GET', '/compute/v1/projects/none/zones'), code(403));
  });
});

describe('notebooks.projects.locations.instances', () => {
  const NAME = 'projects/p/locations/us-central1-a/instances/nb';

  it('merges metadata and replaces labels', async () => {
    const { send, fleet } = world();
    const patch = (mask: string, body: object) => send('PATCH', `/v2/${NAME}?updateMask=${mask}`, body);
    await patch('gce_setup.metadata', { gceSetup: { metadata: { b: '3', c: '4' } } });
    assert.deepEqual(fleet.notebooks.get(NAME)?.metadata, { a: '1', b: '3', c: '4' });
    await patch('labels', { labels: { x: 'y' } });
    assert.deepEqual(fleet.notebooks.get(NAME)?.labels, { x: 'y' });
    await assert.rejects(patch('state', { state: 'STOPPED' }), code(400));
  });

  it('refuses a filter rather than ignoring it', async () => {
    await assert.rejects(
      world().send('GET', '/v2/projects/p/locations/-/instances?filter=state%3DACTIVE'),
      code(501),
    );
  });
});

describe('cloudresourcemanager v1', () => {
  const names = async (filter: string, principal?: string): Promise<unknown> => {
    const list = await world().send(
      'GET',
      `/v1/projects?filter=${encodeURIComponent(filter)}`,
      undefined,
      principal,
    );
    return ((list['projects'] ?? []) as Shown[]).map(({ projectId }) => projectId);
  };
  const cases: readonly [string, readonly string[]][] = [
    ['', ['p', 'q']],
    ['lifecycleState:ACTIVE', ['p', 'q']],
    ['lifecycleState:ACTIVE AND (parent.id=1)', ['p']],
    ['parent.type:organization', ['q']],
    ['labels.env:dev', ['p']],
    ['name:"other*"', ['q']],
    ['id:p OR id:q', ['p', 'q']],
    ['id:none', []],
  ];
  for (const [filter, expected] of cases)
    it(`lists "${filter}"`, async () => {
      assert.deepEqual(await names(filter), expected);
    });

  it('shows a caller only what it may see, and refuses what it cannot read', async () => {
    assert.deepEqual([await names('', 'p-only@x'), await names('', 'outsider@x')], [['p'], []]);
    for (const filter of ['colour:red', 'id', 'id:p)']) await assert.rejects(names(filter), code(400));
  });
});

describe('compute.projects.get', () => {
  it('shows what every machine of the project sees', async () => {
    assert.deepEqual(await world().send('GET', '/compute/v1/projects/p'), {
      kind: 'compute#project',
      id: '11',
      name: 'p',
      commonInstanceMetadata: {
        kind: 'compute#metadata',
        items: [{ key: 'startup-script', value: 'echo ready' }],
      },
      defaultServiceAccount: '11-compute@developer.gserviceaccount.com',
      selfLink: 'https://www.googleapis.com/compute/v1/projects/p',
    });
  });

  it('has no items where none was set', async () => {
    const { commonInstanceMetadata } = await world().send('GET', '/compute/v1/projects/q');
    assert.deepEqual(commonInstanceMetadata, { kind: 'compute#metadata' });
  });
});
