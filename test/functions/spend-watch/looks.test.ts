import { describe, expect, it } from 'vitest';
import { sawAllOf } from '../../../functions/spend-watch/looks/ages.ts';
import { REGIONAL_COLLECTIONS } from '../../../functions/spend-watch/kinds.ts';
import { ledgerAfter } from '../../../functions/spend-watch/ledger-after.ts';
import { planLook } from '../../../functions/spend-watch/looks/plan.ts';
import { rememberLook } from '../../../functions/spend-watch/looks/remember.ts';
import { rateOf } from '../../../shared/spend/accrued.ts';
import type { Seen } from '../../../shared/spend/accrue.ts';
import { parseLedger, printLedger, type Ledger } from '../../../shared/spend/ledger.ts';
import {
  oldestRegionLook,
  regionOf,
  unseenRegions,
  type RegionLooks,
} from '../../../shared/spend/region-looks.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TICK = 5 * MINUTE;
const START = Date.parse('2026-11-18T00:00:00Z');
/** As many as Vertex AI has: 41. */
const REGIONS = Array.from({ length: 41 }, (_, at) => `asia-region${at + 1}`);
const COLLECTIONS = Array.from({ length: REGIONAL_COLLECTIONS.length }, (_, at) => `collection${at}`);
const ALL = REGIONS.flatMap((region) => COLLECTIONS.map((collection) => `${collection} in ${region}`));

const ENDPOINT = 'projects/p/locations/asia-region7/collection3/1';
const endpoint = (resource = ENDPOINT): Seen => ({
  ...{ resource, kind: 'endpoint', rate: { low: 2, expected: 2, high: 2 }, description: 'an endpoint' },
});

interface World {
  /** What runs at a moment. */
  readonly at?: (atMs: number) => readonly Seen[];
  /** What holds something that does not bill. */
  readonly holds?: (listing: string) => boolean;
  readonly fails?: (listing: string, atMs: number) => boolean;
  readonly regions?: (atMs: number) => readonly string[];
  readonly callsPerLook?: number;
  /** Whether the API of Vertex AI is off. */
  /** Whether a region turns out not to offer a collection. */
  readonly lacks?: (listing: string) => boolean;
  readonly off?: (atMs: number) => boolean;
  readonly watched?: readonly string[];
}

interface Tick {
  readonly atMs: number;
  readonly calls: number;
  readonly ledger: Ledger;
}

/** One look: what the plan lists, as a project in that world would answer. */
function look(before: Ledger | undefined, atMs: number, world: World): Tick {
  const {
    at = () => [],
    holds = () => false,
    fails = () => false,
    lacks = () => false,
    watched = [],
  } = world;
  const isWatched = (region: string): boolean => watched.length === 0 || watched.includes(region);
  const plan = planLook(before, {
    ...{
      nowMs: atMs,
      callsPerLook: world.callsPerLook ?? 12,
      collections: COLLECTIONS,
      isWatched,
    },
  });
  const running = at(atMs);
  const listedRegions = plan.regions === undefined ? (world.regions?.(atMs) ?? REGIONS) : undefined;
  const former = Object.keys(before?.looks?.regions ?? {});
  const regions = plan.regions ?? [...new Set([...(listedRegions ?? []), ...former])];
  const all = regions.flatMap((region) => COLLECTIONS.map((one) => `${one} in ${region}`));
  const isKnown = (listing: string): boolean => (before?.notOffered?.[listing] ?? 0) > atMs;
  const unwatched = all.filter((listing) => !isWatched(regionOf(listing)));
  const skipped = all.filter(
    (listing) => !isKnown(listing) && isWatched(regionOf(listing)) && plan.isSkipped(listing),
  );
  const listed = all.filter(
    (listing) => !isKnown(listing) && !skipped.includes(listing) && !unwatched.includes(listing),
  );
  const inListing = (listing: string) =>
    running.filter(({ resource }) => resource.endsWith(`/${listing.replace(/(\S+) in (\S+)/, '$2/$1')}/1`));
  const failed = listed.filter((listing) => fails(listing, atMs));
  const seen = listed.filter((listing) => !failed.includes(listing));
  const ledger = ledgerAfter(before, {
    seen: {
      ...{ project: 'p', atMs: atMs + 2_000, resources: seen.flatMap(inListing) },
      complete: failed.length + plan.untried.length === 0,
      skipped: new Set(skipped),
    },
    ...{ notOffered: listed.filter(lacks), gpus: { idle: [] } },
    looked: {
      ...{ startedMs: atMs, regions, listedRegions, isOff: world.off?.(atMs) ?? false },
      listings: listed.map((what) => ({
        what,
        answered: !failed.includes(what) && !lacks(what),
        found: failed.includes(what) ? undefined : inListing(what).length + (holds(what) ? 1 : 0),
      })),
      skipped: new Set(skipped),
      unwatched: new Set(unwatched),
    },
  });
  // VMs, TPUs, and the list of regions where it was read.
  const calls = 2 + (plan.regions === undefined ? 1 : 0) + listed.length;
  const stored = parseLedger('p', printLedger(ledger));
  if (stored.kind !== 'ledger') throw new Error(stored.why);
  return { atMs, calls, ledger: stored.ledger };
}

/** Looks every five minutes. */
function watch(hours: number, world: World, from?: Ledger, fromMs = START): readonly Tick[] {
  const ticks: Tick[] = [];
  let ledger = from;
  for (let atMs = fromMs; atMs < fromMs + hours * HOUR; atMs += TICK) {
    const tick = look(ledger, atMs, world);
    ticks.push(tick);
    ({ ledger } = tick);
  }
  return ticks;
}

const last = (ticks: readonly Tick[]): Ledger => {
  const tick = ticks.at(-1);
  if (tick === undefined) throw new Error('no look was made');
  return tick.ledger;
};

/** The mean of all looks but the first, which lists all. */
const meanCalls = (ticks: readonly Tick[]): number =>
  ticks.slice(1).reduce((sum, { calls }) => sum + calls, 0) / (ticks.length - 1);

const mostCalls = (ticks: readonly Tick[]): number => Math.max(...ticks.slice(1).map(({ calls }) => calls));

const oldestHours = (ticks: readonly Tick[], regions: (region: string) => boolean = () => true): number =>
  Math.max(
    ...ticks.map(({ atMs, ledger }) =>
      Math.max(
        ...Object.entries(ledger.looks?.regions ?? {})
          .filter(([region]) => regions(region))
          .map(([, lookedMs]) => (atMs - lookedMs) / HOUR),
      ),
    ),
  );

describe('the regions of Vertex AI', () => {
  it('are all looked at once, then in turn: a steady project takes at most twelve calls a look', () => {
    const ticks = watch(24, {});
    expect(REGIONAL_COLLECTIONS).toHaveLength(7);
    expect(ticks[0]?.calls).toBe(3 + 7 * 41);
    expect(mostCalls(ticks)).toBe(12);
    expect(oldestHours(ticks)).toBeLessThanOrEqual(2.5);
  });

  it.each([
    [1, 3],
    [2, 3.5],
    [3, 3.75],
    [4, 4.25],
    [5, 5],
  ])(
    'with %i collections in use: no look but the first takes more than twelve, and none is older than %d h',
    (count, hours) => {
      const used = COLLECTIONS.slice(0, count).map((collection) => `${collection} in asia-region7`);
      const ticks = watch(24, { holds: (listing) => used.includes(listing) });
      expect(mostCalls(ticks)).toBe(12);
      expect(oldestHours(ticks)).toBeLessThanOrEqual(hours);
    },
  );

  it.each([2, 5, 8, 20])(
    'with something in %i regions: none is older than the six hours that count',
    (count) => {
      const used = REGIONS.slice(0, count).map((region) => `collection0 in ${region}`);
      const ticks = watch(24, { holds: (listing) => used.includes(listing) });
      expect(mostCalls(ticks)).toBeLessThanOrEqual(count <= 5 ? 12 : 2 + 1 + count + 6);
      expect(oldestHours(ticks)).toBeLessThanOrEqual(5.75);
    },
  );

  it('that do not offer all collections are seen in full without those, and take no turns for them', () => {
    const lacks = (listing: string): boolean => /^collection[1-4] /.test(listing) && !listing.endsWith('7');
    const ticks = watch(8, { lacks });
    expect(mostCalls(ticks)).toBe(12);
    expect(oldestHours(ticks)).toBeLessThanOrEqual(1.5);
  });

  it('go on in turn where a former version kept no moment of a collection by itself', () => {
    const steady = last(watch(2, {}));
    const looks = { ...steady.looks, seen: undefined, tried: { 'asia-region3': START } };
    const ledger = { ...steady, looks };
    const read = parseLedger('p', JSON.stringify(ledger));
    if (read.kind !== 'ledger') throw new Error(read.why);
    expect(look(read.ledger, START + 2 * HOUR, {}).calls).toBeLessThanOrEqual(12);
  });

  it('with something in one of them: at most twelve still, that region every 40 minutes, the others within three hours', () => {
    const ticks = watch(24, { at: () => [endpoint()] });
    expect(mostCalls(ticks)).toBe(12);
    expect(oldestHours(ticks, (region) => region === 'asia-region7')).toBeLessThanOrEqual(40 / 60);
    expect(oldestHours(ticks)).toBeLessThanOrEqual(3);
  });

  it.each([
    [40, 1],
    [300, 5 / 60],
  ])('with callsPerLook %i each is looked at within %d hours', (callsPerLook, hours) => {
    const ticks = watch(6, { callsPerLook });
    expect(meanCalls(ticks)).toBeLessThanOrEqual(callsPerLook);
    expect(oldestHours(ticks)).toBeLessThanOrEqual(hours);
  });

  it('with many collections that hold something, one region at the least has its turn', () => {
    const ticks = watch(12, { holds: (listing) => listing.startsWith('collection0') });
    expect(meanCalls(ticks)).toBeLessThanOrEqual(2 + 1 / 12 + 41 + 6);
    expect(oldestHours(ticks)).toBeLessThanOrEqual(41 / 12);
  });

  it('that the policy does not name are not looked at, nor taken to be', () => {
    const ticks = watch(2, { watched: ['asia-region7'] });
    expect(meanCalls(ticks)).toBeLessThanOrEqual(10);
    expect(last(ticks).looks?.regions).toMatchObject({ 'asia-region1': 0 });
    const wider = look(last(ticks), START + 2 * HOUR, {});
    expect(wider.calls).toBeGreaterThan(7 * 40);
  });

  it('that are new are looked at in the hour in which Google tells of them', () => {
    const born = START + 3 * HOUR;
    const ticks = watch(5, { regions: (atMs) => (atMs < born ? REGIONS : [...REGIONS, 'asia-new1']) });
    expect(
      last(ticks.filter(({ atMs }) => atMs <= born + HOUR)).looks?.regions['asia-new1'],
    ).toBeGreaterThanOrEqual(born);
  });
});

describe('what begins in a region where nothing was', () => {
  it.each(REGIONS.filter((_, at) => at % 8 === 0))('is found within two and a half hours: %s', (region) => {
    const resource = `projects/p/locations/${region}/collection3/1`;
    const begins = START + 5 * HOUR;
    const ticks = watch(9, { at: (atMs) => (atMs >= begins ? [endpoint(resource)] : []) });
    const found = ticks.find(({ ledger }) => ledger.running.length > 0);
    expect((found?.atMs ?? Infinity) - begins).toBeLessThanOrEqual(2.5 * HOUR);
    // From then on with each look.
    for (const { atMs, ledger } of ticks)
      if (found !== undefined && atMs >= found.atMs) expect(ledger.running[0]?.seenMs).toBe(ledger.lookedMs);
  });

  it('is made up for in high, back to the last look at its region; low is never above the truth', () => {
    const begins = START + 5 * HOUR;
    for (const { ledger } of watch(9, { at: (atMs) => (atMs >= begins ? [endpoint()] : []) })) {
      const truth = (Math.max(0, ledger.lookedMs - begins) / HOUR) * 2;
      const { low, high } = ledger.checkpoints.at(-1) ?? { low: NaN, high: NaN };
      expect(low).toBeLessThanOrEqual(truth);
      if (ledger.running.length > 0) expect(high).toBeGreaterThanOrEqual(truth);
    }
  });

  it('is seen to end at once, and its collection is looked at for a day more', () => {
    const world: World = { at: (atMs) => (atMs < START + HOUR ? [endpoint()] : []) };
    const ticks = watch(2, world);
    const after = ticks.find(({ atMs }) => atMs === START + HOUR)?.ledger;
    expect(after?.running).toEqual([]);
    expect(after?.changes?.at(-1)).toMatchObject({ what: 'gone', resource: ENDPOINT });
    const again = look(last(ticks), START + 2 * HOUR, { at: () => [endpoint()] });
    expect(again.ledger.running).toHaveLength(1);
  });
});

describe('a look that is not the turn of a region', () => {
  it('does not end what another look, at the same time, has found there', () => {
    const calm = last(watch(1, {}));
    const found = { ...calm, running: [{ ...endpoint(), seenMs: calm.lookedMs, firstMs: calm.lookedMs }] };
    const atMs = calm.lookedMs + TICK;
    const after = ledgerAfter(found, {
      seen: {
        project: 'p',
        atMs,
        resources: [],
        complete: true,
        skipped: new Set(['collection3 in asia-region7']),
      },
      ...{ notOffered: [], gpus: { idle: [] } },
      looked: {
        startedMs: atMs,
        isOff: false,
        regions: REGIONS,
        listedRegions: undefined,
        listings: [],
        ...{ skipped: new Set(ALL), unwatched: new Set() },
      },
    });
    expect(rateOf(after).expected).toBe(2);
    expect(after.changes).toEqual([]);
    expect(after.checkpoints.at(-1)?.low).toBe(calm.checkpoints.at(-1)?.low);
  });
});

describe('listings that fail', () => {
  it('are tried with each look, and the project counts as not seen in full until they answer', () => {
    const fails = (listing: string, atMs: number): boolean =>
      listing === 'collection2 in asia-region9' && atMs < START + 4 * HOUR;
    const ticks = watch(5, { fails });
    for (const { atMs, ledger } of ticks)
      expect(ledger.completeMs === ledger.lookedMs, new Date(atMs).toISOString()).toBe(
        atMs >= START + 4 * HOUR,
      );
    expect(last(ticks).looks?.failed).toEqual([]);
  });

  it('are tried in turn where they are many, and none of them counts as seen', () => {
    const ticks = watch(3, { fails: (_, atMs) => atMs < START + HOUR });
    for (const { atMs, calls, ledger } of ticks.slice(1)) {
      expect(calls).toBeLessThanOrEqual(3 + 20 + 14);
      if (atMs < START + HOUR) expect(ledger.completeMs).toBeUndefined();
    }
    expect(last(ticks).completeMs).toBe(last(ticks).lookedMs);
  });
});

describe('a region in which a listing fails', () => {
  const FAILS = 'collection2 in asia-region9';
  const failing = (listing: string, atMs: number): boolean => listing === FAILS && atMs >= START + HOUR;
  const ticks = watch(30, { fails: failing });

  it('is not taken to be seen in full, and what is found there later may have begun since it was', () => {
    const before = last(ticks.filter(({ atMs }) => atMs < START + HOUR)).looks?.regions['asia-region9'];
    expect(last(ticks).looks?.regions['asia-region9']).toBe(before);
    const found = look(last(ticks), START + 30 * HOUR, {
      at: () => [endpoint('projects/p/locations/asia-region9/collection2/1')],
    });
    const { low, high } = found.ledger.checkpoints.at(-1) ?? { low: NaN, high: NaN };
    expect(low).toBe(0);
    expect(high).toBeGreaterThanOrEqual(29 * 2);
  });

  it('has its turn no more often than others', () => {
    expect(oldestHours(ticks, (region) => region !== 'asia-region9')).toBeLessThanOrEqual(3);
    expect(meanCalls(ticks)).toBeLessThanOrEqual(13);
  });

  it('is seen in full again once it had its turn and all answered', () => {
    const again = watch(4, {}, last(ticks), START + 30 * HOUR);
    expect(last(again).looks?.regions['asia-region9']).toBeGreaterThan(START + 30 * HOUR);
    expect(last(again).looks?.failed).toEqual([]);
  });
});

describe('a failure of what is not listed any more', () => {
  const failed = last(watch(1, { fails: (listing) => listing === 'collection2 in asia-region9' }));
  const kept = (over: Partial<RegionLooks>): Ledger => {
    if (failed.looks === undefined) throw new Error('the ledger knows of no looks');
    return { ...failed, looks: { ...failed.looks, ...over } };
  };

  it('leaves with its region, once the policy does not name that', () => {
    const { ledger } = look(failed, START + HOUR, { watched: ['asia-region1'] });
    expect(ledger.looks?.failed).toEqual([]);
    expect(ledger.completeMs).toBe(ledger.lookedMs);
  });

  it('leaves with its kind, however many there are', () => {
    const former = REGIONS.map((region) => `formerKind in ${region}`);
    const ticks = watch(1, {}, kept({ failed: former }), START + HOUR);
    expect(last(ticks).looks?.failed).toEqual([]);
    expect(last(ticks).completeMs).toBe(last(ticks).lookedMs);
  });
});

describe('a look that is not newer than the last one', () => {
  it.each([0, -TICK])('changes nothing, not what is remembered of looks either: %d ms', (more) => {
    const calm = last(watch(2, {}));
    const atMs = calm.lookedMs - 2_000 + more;
    expect(
      look(calm, atMs, {
        at: () => [endpoint()],
        fails: (listing) => listing === 'collection1 in asia-region1',
      }).ledger,
    ).toEqual(calm);
  });
});

describe('what runs', () => {
  const RUNS = 'collection3 in asia-region7';
  const before = last(watch(1, { at: () => [endpoint()] }));

  it('is tried with each look, however many other listings fail', () => {
    const looks = before.looks;
    if (looks === undefined) throw new Error('the ledger knows of no looks');
    const plan = planLook(
      { ...before, looks: { ...looks, failed: [...ALL.slice(0, 30), RUNS] } },
      {
        ...{ nowMs: before.lookedMs + TICK, callsPerLook: 12 },
        ...{ collections: COLLECTIONS, isWatched: () => true },
      },
    );
    expect([plan.holds(RUNS), plan.isSkipped(RUNS), plan.untried.includes(RUNS)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(plan.untried).toHaveLength(11);
  });

  it('is not forgotten where an answer knows of no region', () => {
    const none = {
      startedMs: before.lookedMs + TICK,
      regions: [],
      listedRegions: [],
      listings: [],
      isOff: false,
    };
    expect(rememberLook(before.looks, { ...none, skipped: new Set(), unwatched: new Set() })).toEqual(
      before.looks,
    );
  });
});

describe('a list of regions that lacks some', () => {
  const without = (...lost: readonly string[]): readonly string[] =>
    REGIONS.filter((one) => !lost.includes(one));
  const lostAt = START + 3 * HOUR;

  it('ends nothing there, in no look: what runs is seen, and what begins is found', () => {
    const begins = lostAt + 20 * MINUTE;
    const other = 'projects/p/locations/asia-region9/collection3/1';
    const ticks = watch(7, {
      at: (atMs) => [endpoint(), ...(atMs >= begins ? [endpoint(other)] : [])],
      regions: (atMs) => (atMs >= lostAt ? without('asia-region7', 'asia-region9') : REGIONS),
    });
    for (const { ledger } of ticks) expect(ledger.running[0]?.seenMs).toBe(ledger.lookedMs);
    expect(last(ticks).running.map(({ resource }) => resource)).toContain(other);
    expect(last(ticks).looks?.missing).toMatchObject({ 'asia-region7': expect.any(Number) as number });
  });

  it('takes a region for gone after a day of them, where nothing is; one that a later list names again stays', () => {
    const regions = (atMs: number): readonly string[] =>
      atMs < lostAt
        ? REGIONS
        : without('asia-region3', ...(atMs < lostAt + 5 * HOUR ? ['asia-region4'] : []));
    const ticks = watch(32, { regions });
    const at = (hours: number) =>
      Object.keys(ticks.find(({ atMs }) => atMs >= lostAt + hours * HOUR)?.ledger.looks?.regions ?? {});
    expect(at(23)).toContain('asia-region3');
    expect(at(26)).not.toContain('asia-region3');
    expect(last(ticks).looks?.regions).toHaveProperty('asia-region4');
    expect(last(ticks).looks?.missing).toEqual({});
  });

  it('keeps a region in which something is for as long as it is there, and a failed listing of it', () => {
    const fails = (listing: string): boolean => listing === 'collection1 in asia-region7';
    const ticks = watch(32, {
      at: () => [endpoint()],
      fails,
      regions: (atMs) => (atMs >= lostAt ? without('asia-region7') : REGIONS),
    });
    expect(last(ticks).running[0]?.seenMs).toBe(last(ticks).lookedMs);
    expect(last(ticks).looks?.failed).toEqual(['collection1 in asia-region7']);
    expect(last(ticks).completeMs).toBeUndefined();
  });
});

describe('what is told of regions', () => {
  const told = (ledger: Ledger, watched: readonly string[] = []) => ({
    never: oldestRegionLook(ledger, watched) === 'never',
    unseen: unseenRegions(ledger, watched),
  });
  const ALL_SEEN = { never: false, unseen: [] };

  it('is that all were seen, after the first look and with each look at some of them in turn', () => {
    for (const { ledger } of watch(24, { at: () => [endpoint()] })) {
      expect(told(ledger)).toEqual(ALL_SEEN);
      expect(sawAllOf('endpoint', ledger, [])).toBe(true);
    }
  });

  it('is that one was not, as long as a listing of it fails; and that it was, once it answers', () => {
    const until = START + 8 * HOUR;
    const fails = (listing: string, atMs: number): boolean =>
      listing === 'collection2 in asia-region9' && atMs < until;
    for (const { atMs, ledger } of watch(9, { fails }))
      expect(told(ledger), new Date(atMs).toISOString()).toEqual(
        atMs < until ? { never: true, unseen: ['asia-region9'] } : ALL_SEEN,
      );
  });

  it('is that a new one was seen in the look that learns of it', () => {
    const regions = (atMs: number) => (atMs < START + HOUR ? REGIONS : [...REGIONS, 'asia-new1']);
    const ticks = watch(3, { regions });
    for (const { ledger } of ticks) expect(told(ledger)).toEqual(ALL_SEEN);
    expect(last(ticks).looks?.regions).toHaveProperty('asia-new1');
  });

  it('is nothing of one that the policy left out at its turn, until it is looked at again', () => {
    const fails = (listing: string): boolean => listing === 'collection2 in asia-region9';
    const narrow = watch(1, { watched: ['asia-region1'] }, last(watch(1, { fails })), START + HOUR);
    expect(told(last(narrow)).unseen).toEqual(['asia-region9']);
    expect(told(last(narrow), ['asia-region1'])).toEqual(ALL_SEEN);
  });

  it('is nothing of any while their API is off, where nothing can be; all are looked at once it is on', () => {
    const off = (atMs: number): boolean => atMs >= START + HOUR && atMs < START + 10 * HOUR;
    const ticks = watch(11, { off });
    for (const { atMs, calls, ledger } of ticks) {
      if (off(atMs)) expect(ledger.looks).toBeUndefined();
      expect(sawAllOf('endpoint', ledger, [])).toBe(true);
      if (atMs === START + 10 * HOUR) expect(calls).toBe(3 + 7 * 41);
    }
  });
});

describe('what is known of looks', () => {
  const steady = last(watch(3, { at: () => [endpoint()] }));
  const next = (ledger: unknown, atMs = START + 3 * HOUR): Tick => {
    const read = parseLedger('p', JSON.stringify(ledger));
    if (read.kind !== 'ledger') throw new Error(read.why);
    return look(read.ledger, atMs, { at: () => [endpoint()] });
  };
  const FULL = 3 + 7 * 41;

  it.each([
    ['is missing, as a former version left it', { ...steady, looks: undefined }],
    ['is no object', { ...steady, looks: 'x' }],
    [
      'has a moment that is no number',
      { ...steady, looks: { ...steady.looks, regions: { 'asia-region1': 'x' } } },
    ],
    ['is empty', { ...steady, looks: { listedMs: 0, regions: {}, held: {}, failed: [], answered: {} } }],
  ])('%s: all is looked at, and the ledger goes on', (_, ledger) => {
    const { calls, ledger: after } = next(ledger);
    expect(calls).toBe(FULL);
    expect(after.sinceMs).toBe(steady.sinceMs);
    expect(after.running[0]?.firstMs).toBe(steady.running[0]?.firstMs);
  });

  it('after an hour without a look all is looked at', () => {
    expect(next(steady, START + 5 * HOUR).calls).toBe(FULL);
  });

  it('has moments ahead, by a clock that was wrong: those regions are looked at', () => {
    const ahead: RegionLooks = {
      listedMs: START + 1_000 * HOUR,
      regions: Object.fromEntries(REGIONS.map((region) => [region, START + 1_000 * HOUR])),
      held: { 'collection3 in asia-region7': START + 1_000 * HOUR },
      failed: [],
      answered: {},
    };
    const { calls, ledger } = next({ ...steady, looks: ahead });
    expect(calls).toBe(FULL);
    expect(Math.max(...Object.values(ledger.looks?.held ?? {}))).toBeLessThanOrEqual(START + 3 * HOUR);
  });

  it('does not make the ledger larger than 60 KB', () => {
    const full = last(watch(3, { holds: () => true, fails: (_, atMs) => atMs % (2 * TICK) === 0 }));
    expect(printLedger(full).length).toBeLessThan(60_000);
  });
});
