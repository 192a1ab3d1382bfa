import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const REGION = 'us-central1';
const STATIONS = `locations/${REGION}/workstationClusters/c/workstationConfigs/k/workstations`;

/** Each service whose resources are kept as its API shows them: where its version's lists are, and what they are called. */
const LISTS = [
  { service: 'tpu', version: 'v2', parent: `locations/${REGION}-a/nodes`, body: { state: 'READY' } },
  {
    service: 'batch',
    version: 'v1',
    parent: `locations/${REGION}/jobs`,
    body: { status: { state: 'RUNNING' } },
  },
  {
    service: 'dataproc',
    version: 'v1',
    parent: `regions/${REGION}/clusters`,
    body: { status: { state: 'RUNNING' } },
  },
  { service: 'workstations', version: 'v1', parent: STATIONS, body: { state: 'STATE_RUNNING' } },
  {
    service: 'aiplatform',
    version: 'v1',
    parent: `locations/${REGION}/schedules`,
    body: { state: 'ACTIVE' },
  },
] as const;

describe('services whose resources are kept as their API shows them', () => {
  const { sandbox, ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        resources: LISTS.flatMap(({ service, parent, body }) =>
          ['one', 'two', 'three'].map((id) => ({ service, path: `${parent}/${id}`, body })),
        ),
      },
      { id: 'off', number: '2', disabledServices: LISTS.map(({ service }) => `${service}.googleapis.com`) },
    ],
  });

  describe.each(LISTS)('$service', ({ service, version, parent }) => {
    const host = service === 'aiplatform' ? `${REGION}-aiplatform` : service;
    const urlIn = (project: string, rest = ''): string =>
      `https://${host}.googleapis.com/${version}/projects/${project}/${parent}${rest}`;
    const key = parent.split('/').at(-1) ?? '';
    const idOf = (one: Readonly<Record<string, unknown>>): unknown =>
      one['clusterName'] ?? String(one['name']).split('/').at(-1);
    const page = async (query: string) => {
      const { status, body } = await ask('GET', urlIn('lab', query));
      expect(status).toBe(200);
      const ids = ((body[key] ?? []) as Readonly<Record<string, unknown>>[]).map(idOf);
      return { ids, token: body['nextPageToken'] };
    };

    it('gives its pages by tokens, each resource once, and the last page without one', async () => {
      const first = await page('?pageSize=2');
      const second = await page(`?pageSize=2&pageToken=${encodeURIComponent(String(first.token))}`);
      expect([first.ids, second.ids, second.token]).toEqual([['one', 'two'], ['three'], undefined]);
      expect((await page('?pageSize=0')).ids).toHaveLength(3);
    });

    // A negative size is INVALID_ARGUMENT: google.aip.dev/158.
    it.each(['?pageSize=-1', '?pageSize=many', '?pageToken=of-another-list', '?colour=red'])(
      'refuses the list %s',
      async (query) => {
        expect(errorOf(await ask('GET', urlIn('lab', query)))).toBe('400 INVALID_ARGUMENT');
      },
    );

    it('shows one by its name and no other', async () => {
      const found = await ask('GET', urlIn('lab', '/two'));
      expect([found.status, idOf(found.body)]).toEqual([200, 'two']);
      expect(errorOf(await ask('GET', urlIn('lab', '/four')))).toBe('404 NOT_FOUND');
    });

    it('takes the project’s number for its id', async () => {
      expect((await ask('GET', urlIn('1', '/two'))).status).toBe(200);
    });

    it('refuses who may not, and what is not enabled or not there, before it says anything else', async () => {
      const [outsider, list] = ['outsider@example.com', urlIn('lab')];
      expect(errorOf(await ask('GET', list, undefined, outsider))).toMatch(/^403 PERMISSION_DENIED/);
      expect(errorOf(await ask('GET', `${list}/four`, undefined, outsider))).toMatch(
        /^403 PERMISSION_DENIED/,
      );
      expect(errorOf(await ask('GET', urlIn('off')))).toBe('403 PERMISSION_DENIED SERVICE_DISABLED');
      expect(errorOf(await ask('GET', urlIn('nowhere')))).toBe('403 PERMISSION_DENIED CONSUMER_INVALID');
    });
  });

  it('keeps what the scenario gave it apart from what another sandbox does with it', () => {
    const { store, scenario } = sandbox();
    const seed = scenario.projects[0]?.resources[0];
    const kept = store.get('lab', 'tpu', `locations/${REGION}-a/nodes/one`);
    kept.body['state'] = 'STOPPED';
    expect(seed?.body['state']).toBe('READY');
    kept.body['state'] = 'READY';
  });
});
