import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import type { Api } from '../../../shared/google/api.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { startLook, type LookGap, type NotOffered } from '../../../shared/resources/look.ts';
import { listRegional } from '../../../shared/resources/vertex/regional.ts';
import { scriptedApi, timelessApi, type Script } from '../../support/scripted-api.ts';

/** What a listing of custom jobs shows, and what it says beside it. */
async function listed(
  api: Api,
  more: Partial<Parameters<typeof startLook>[0]> = {},
): Promise<{
  readonly names: readonly string[];
  readonly gaps: readonly LookGap[];
  readonly notOffered: readonly string[];
}> {
  const gaps: LookGap[] = [];
  const notOffered: NotOffered[] = [];
  const look = startLook({
    api,
    projectId: 'p',
    now: new Date(0),
    gap: (one) => void gaps.push(one),
    notOffered: (what) => void notOffered.push(what),
    skip: () => false,
    ...more,
  });
  const schema = z.looseObject({ name: z.string() });
  const jobs = await listRegional(look, { collection: 'customJobs', schema });
  return { names: jobs.map(({ name }) => name), gaps, notOffered: notOffered.map(({ what }) => what) };
}

/** A host without an address, as gaxios tells of it. */
function unknownHost(name: string, host: string): GoogleApiError {
  const cause = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  return new GoogleApiError(name, Object.assign(new Error(cause.message), { cause }));
}

/** Google with so many regions; those named have no host. Counts the hosts that are called at the same time. */
function google(regions: readonly string[], absent: readonly string[]): { api: Api; most: () => number } {
  let busy = 0;
  let most = 0;
  const api: Api = {
    ...timelessApi(() => Promise.reject(new Error('not used here'))),
    async request(name, { url }) {
      if (name === 'aiplatform.locations.list')
        return { locations: regions.map((locationId) => ({ locationId })) };
      const { host } = new URL(url);
      busy += 1;
      most = Math.max(most, busy);
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy -= 1;
      if (absent.some((region) => host.startsWith(region))) throw unknownHost(name, host);
      return {};
    },
  };
  return { api, most: () => most };
}

/** One region with these answers of its jobs. */
function oneRegion(jobs: Script): Api {
  return scriptedApi((sent) =>
    sent.target.endsWith('/locations')
      ? { locations: [{ locationId: 5 }, { locationId: 'us-east4' }] }
      : jobs(sent),
  ).api;
}

describe('startLook', () => {
  it('looks at regions of earlier lists too, and tells which of them Google names now', async () => {
    const { api } = google(['us-east4', 'us-west1'], []);
    const told: (readonly string[])[] = [];
    const regions: string[] = [];
    await listed(api, {
      formerRegions: ['us-west1', 'europe-west4'],
      regionsListed: (one) => void told.push(one),
      listed: ({ what }) => void regions.push(what),
    });
    expect(told).toEqual([['us-east4', 'us-west1']]);
    expect(regions.sort()).toEqual(
      ['europe-west4', 'us-east4', 'us-west1'].map((one) => `customJobs in ${one}`),
    );
  });
});

const jobName = (id: string): string => `projects/1/locations/us-east4/customJobs/${id}`;

describe('listRegional', () => {
  it('calls four hosts at a time, and takes one without an address for a region that offers nothing', async () => {
    const regions = Array.from({ length: 41 }, (_, index) => `region-${index}`);
    const { api, most } = google(regions, ['region-7-']);
    expect(await listed(api)).toEqual({ names: [], gaps: [], notOffered: ['customJobs in region-7'] });
    expect(most()).toBe(4);
  });

  it('takes it for an error of the resolver where no host has an address', async () => {
    const { gaps, notOffered } = await listed(google(['us-east4', 'us-west1'], ['us-']).api);
    expect(gaps).toHaveLength(2);
    expect(notOffered).toEqual([]);
  });

  it('takes no refusal for a region without the collection where something of the project was there lately', async () => {
    const { api } = google(['us-east4', 'us-west1'], ['us-east4']);
    const holds = (listing: string): boolean => listing === 'customJobs in us-east4';
    const { gaps, notOffered } = await listed(api, { holds, works: () => true });
    expect(gaps.map(({ where }) => where)).toEqual(['projects/p Vertex AI customJobs in us-east4']);
    expect(notOffered).toEqual([]);
    expect((await listed(api, { works: () => true })).notOffered).toEqual(['customJobs in us-east4']);
  });

  it('lists a job on two pages once', async () => {
    const names = ['1', '2', '3'].map(jobName);
    const [a, b, c] = names.map((name) => ({ name }));
    const api = oneRegion(({ query }) =>
      query['pageToken'] === undefined ? { customJobs: [a, b], nextPageToken: '2' } : { customJobs: [b, c] },
    );
    expect((await listed(api)).names).toEqual(names);
  });

  it('hides no job behind one of another form, and says where that is', async () => {
    const api = oneRegion(() => ({
      customJobs: [{ name: jobName('1') }, { name: 7 }, { name: jobName('3') }],
    }));
    const { names, gaps } = await listed(api);
    expect(names).toEqual([jobName('1'), jobName('3')]);
    expect(gaps.map(({ where, why }) => `${where}: ${why}`)).toEqual([
      expect.stringMatching(/Vertex AI locations: .*locations\[0\]\.locationId: it is 5, not string/),
      expect.stringMatching(/Vertex AI customJobs in us-east4: .*customJobs\[1\]\.name: it is 7, not string/),
    ]);
  });

  it('lists without the filter, and at last without the mask, where Google refuses them', async () => {
    const { api, requested } = scriptedApi(({ target, query }) => {
      if (target.endsWith('/locations')) return { locations: [{ locationId: 'us-east4' }] };
      if (query['fields'] !== undefined)
        throw Object.assign(new Error('Request contains an invalid argument.'), { status: 400 });
      return { customJobs: [{ name: jobName('1') }] };
    });
    const gaps: LookGap[] = [];
    const look = startLook({
      ...{ api, projectId: 'p', now: new Date(0) },
      gap: (one) => void gaps.push(one),
      notOffered: () => undefined,
      skip: () => false,
    });
    const schema = z.looseObject({ name: z.string() });
    const query = { collection: 'customJobs', schema, fields: 'name,absent', filter: 'state="A"' };
    expect(await listRegional(look, query)).toEqual([{ name: jobName('1') }]);
    expect(gaps).toEqual([]);
    expect(requested.slice(1).map(({ query: sent }) => [sent['filter'], sent['fields']])).toEqual([
      ['state="A"', 'customJobs(name,absent),nextPageToken'],
      [undefined, 'customJobs(name,absent),nextPageToken'],
      [undefined, undefined],
    ]);
  });

  const pages = (
    ...all: readonly (readonly (readonly [string, string])[])[]
  ): ReturnType<typeof scriptedApi> =>
    scriptedApi(({ target, query }) => {
      if (target.endsWith('/locations')) return { locations: [{ locationId: 'us-east4' }] };
      const index = Number(query['pageToken'] ?? 0);
      return {
        customJobs: (all[index] ?? []).map(([id, createTime]) => ({ name: jobName(id), createTime })),
        ...(index + 1 < all.length ? { nextPageToken: String(index + 1) } : {}),
      };
    });
  const newestFirst = async (api: Api): Promise<readonly string[]> => {
    const look = startLook({
      ...{ api, projectId: 'p', now: new Date(0), skip: () => false },
      gap: () => undefined,
      notOffered: () => undefined,
    });
    const schema = z.looseObject({ name: z.string(), createTime: z.string() });
    const isLast = (page: readonly { readonly createTime: string }[]): boolean =>
      page.every(({ createTime }) => createTime < '2026-10-01');
    const jobs = await listRegional(look, { collection: 'customJobs', schema, fields: 'name', isLast });
    return jobs.map(({ name }) => name.slice(-1));
  };

  it.each([
    ['stops behind a page that is the last', [[['1', '2026-11-03'], ['2', '2026-11-02']], [['3', '2026-09-02'], ['4', '2026-09-01']], [['5', '2026-08-01']], [['6', '2026-07-01']]], '1234'],
    ['reads on where one page is not in order', [[['1', '2026-09-01'], ['2', '2026-09-02']], [['3', '2026-11-02']], [['4', '2026-08-01']]], '1234'],
    ['reads on where a page begins newer than the one before', [[['1', '2026-11-01']], [['2', '2026-11-02']], [['3', '2026-09-01']], [['4', '2026-12-01']], [['5', '2026-12-01']]], '12345'],
    ['reads on where one has no time that can be read', [[['1', 'soon']], [['2', '2026-09-01']], [['3', '2026-08-01']], [['4', '2026-12-01']]], '1234'],
    ['reads on behind an empty page', [[], [['1', '2026-11-02']]], '1'],
  ] as const)('where the newest come first it %s', async (_, all, seen) => {
    const { api, requested } = pages(...all);
    expect((await newestFirst(api)).join('')).toBe(seen);
    expect(new Set(requested.slice(1).map(({ query }) => query['orderBy']))).toEqual(new Set(['create_time desc']));
  }); // prettier-ignore

  it('keeps the order without the mask, and reads all where Google refuses the order', async () => {
    const refused = (parameter: string): ReturnType<typeof scriptedApi> =>
      scriptedApi(({ target, query }) => {
        if (target.endsWith('/locations')) return { locations: [{ locationId: 'us-east4' }] };
        if (query[parameter] !== undefined) throw Object.assign(new Error('Bad request.'), { status: 400 });
        const page = Number(query['pageToken'] ?? 0);
        const createTime = `2026-0${9 - page}-01`;
        return {
          customJobs: [{ name: jobName(String(page)), createTime }],
          ...(page < 5 ? { nextPageToken: String(page + 1) } : {}),
        };
      });
    const sent = async (parameter: string) => {
      const { api, requested } = refused(parameter);
      const jobs = await newestFirst(api);
      return { jobs: jobs.join(''), orders: requested.slice(1, 4).map(({ query }) => query['orderBy']) };
    };
    const order = 'create_time desc';
    expect(await sent('fields')).toEqual({ jobs: '0', orders: [order, order, order] });
    expect(await sent('orderBy')).toEqual({ jobs: '012345', orders: [order, order, undefined] });
  });
});
