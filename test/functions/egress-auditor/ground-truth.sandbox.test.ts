import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import {
  gibOf,
  lane,
  trafficScenario,
  vm,
  withAuditor,
  type ProjectInput,
} from '../../support/egress-lab.ts';

const DAYS = 7;

type Flow = NonNullable<ProjectInput['traffic']>[number];

/** What goes where, and the lane that it has to be found in. */
const TRUTH: readonly (readonly [lane: string, ...Flow[]])[] = [
  ['same-zone:us-central1-a:us-central1-a', { from: 'vm:a', to: 'vm:a2', gibPerDay: 40 }],
  [
    'cross-zone:us-central1-a:us-central1-b',
    { from: 'vm:a', to: 'vm:b', gibPerDay: 30 },
    { from: 'vm:a2', to: 'vm:b', gibPerDay: 12.5 },
  ],
  ['cross-zone:us-central1-b:us-central1-a', { from: 'vm:b', to: 'vm:a', gibPerDay: 3 }],
  [
    'inter-region:us-central1:us-east4',
    { from: 'vm:a', to: 'zone:us-east4-c', gibPerDay: 21, daily: [1, 0, 3] },
    { from: 'vm:b', to: 'zone:us-east4-c', gibPerDay: 4 },
  ],
  ['inter-continent:us-central1:europe-west4', { from: 'vm:b', to: 'vm:c', gibPerDay: 17 }],
  [
    'internet:us-central1:North America, Europe, most of Asia:premium',
    { from: 'vm:a', to: ['country:usa/America', 'country:DE/Europe', 'country:Japan/Asia'], gibPerDay: 9 },
  ],
  [
    'internet:us-central1:North America, Europe, most of Asia:standard',
    { from: 'vm:b', to: 'country:usa/America', gibPerDay: 15 },
  ],
  ['internet:europe-west4:China:premium', { from: 'vm:c', to: 'country:chn/Asia', gibPerDay: 2 }],
  [
    'internet:us-central1:unknown country in Asia:premium',
    { from: 'vm:a', to: 'country:kaz/Asia', gibPerDay: 5 },
  ],
  [
    'internet:us-central1:North America, Europe, most of Asia:unknown',
    { from: 'vm:a2', to: 'country:fra/Europe', gibPerDay: 6 },
  ],
  ['google-apis:us-central1', { from: 'vm:a', to: 'google', gibPerDay: 8 }],
  ['hybrid:europe-west4', { from: 'vm:c', to: 'on-prem', gibPerDay: 11 }],
  ['unknown:us-central1:NEW_TYPE', { from: 'vm:a', to: 'other:NEW_TYPE', gibPerDay: 1 }],
  ['unknown:us-central1:CLOUD:global', { from: 'vm:b', to: 'zone:global', gibPerDay: 2.5 }],
  [
    'bucket-reads:EU',
    { from: 'gs://data-eu', to: 'country:fra/Europe', gibPerDay: 14 },
    { from: 'gs://data-eu', to: 'country:fra/Europe', gibPerDay: 0.5, method: 'ListObjects' },
    { from: 'gs://models-eu', to: 'vm:c', gibPerDay: 3.25 },
  ],
  ['bucket-reads:US-CENTRAL1', { from: 'gs://data-us', to: 'vm:a', gibPerDay: 33 }],
];

/** What is processed besides, and no traffic of its own. */
const PROCESSED: typeof TRUTH = [
  [
    'load-balancer:https',
    { from: 'country:usa/America', to: 'lb:https:web', gibPerDay: 2 },
    { from: 'lb:https:web', to: 'country:usa/America', gibPerDay: 40 },
  ],
  ['load-balancer:l3/external', { from: 'country:fra/Europe', to: 'lb:l3/external:tcp', gibPerDay: 7 }],
  [
    'load-balancer:l3/external:answers',
    { from: 'lb:l3/external:tcp', to: 'country:fra/Europe', gibPerDay: 9 },
  ],
  ['nat:us-central1', { from: 'country:usa/America', to: 'vm:a2', gibPerDay: 50, nat: true }],
  ['nat:europe-west4:europe-west1', { from: 'vm:p', to: 'zone:europe-west1-b', gibPerDay: 18, nat: true }],
];

/** Cloud CDN's answers do not transit the load balancer. */
const CACHED: Flow = { from: 'lb:https:web', to: 'country:usa/America', gibPerDay: 300, cached: true };

const isProcessed = (id: string): boolean => PROCESSED.some(([known]) => known === id);

function scenario() {
  return trafficScenario(
    {
      vms: [
        vm('a', 'us-central1-a', { externalIp: '203.0.113.1' }),
        vm('a2', 'us-central1-a'),
        vm('b', 'us-central1-b', { externalIp: '203.0.113.2', networkTier: 'STANDARD' }),
        vm('c', 'europe-west4-a', { externalIp: '203.0.113.3' }),
        vm('p', 'europe-west4-a'),
      ],
      traffic: [...[...TRUTH, ...PROCESSED].flatMap(([, ...flows]) => flows), CACHED],
    },
    [
      { name: 'data-eu', location: 'EU' },
      { name: 'models-eu', location: 'EU' },
      { name: 'data-us', location: 'US-CENTRAL1' },
    ],
  );
}

/** GiB of a flow in the seven days that end at the report's end. */
function trueGib(flow: Flow, startMs: number, endMs: number): number {
  const { daily = [1], gibPerDay, to } = flow;
  let gib = 0;
  for (let minute = startMs / 60_000; minute < endMs / 60_000; minute++)
    gib += (gibPerDay * (daily[Math.floor(minute / 1_440) % daily.length] ?? 1)) / 1_440;
  return gib * [to].flat().length;
}

const isClose = (actual: number, wanted: number): boolean => Math.abs(actual - wanted) <= 0.01 * wanted;

describe('a known ground truth', () => {
  test('is reported by lane within 1 %, and nothing else is', async () => {
    await withAuditor(
      { scenario: scenario(), policy: `scope: [projects/ml-lab]\negress: {reportAbove: 0}\n` },
      async ({ report }) => {
        const seven = await report('&window=7d');
        const [startMs, endMs] = [Date.parse(seven.window.start), Date.parse(seven.window.end)];
        assert.equal(endMs - startMs, DAYS * 86_400_000);
        const found = gibOf(seven);
        const between = 'inter-region:europe-west4:europe-west1';
        assert.deepEqual(
          Object.keys(found).sort(),
          [...TRUTH, ...PROCESSED]
            .map(([id]) => id)
            .concat(between)
            .sort(),
        );
        for (const [id, ...flows] of [...TRUTH, ...PROCESSED]) {
          const wanted = flows.reduce((sum, flow) => sum + trueGib(flow, startMs, endMs), 0);
          assert.ok(isClose(found[id] ?? 0, wanted), `${id}: ${found[id] ?? 0} GiB instead of ${wanted}`);
        }
        const total = Object.entries(found).reduce((sum, [id, gib]) => sum + (isProcessed(id) ? 0 : gib), 0);
        assert.ok(isClose(seven.headline.bytes / 2 ** 30, total));
        assert.equal(seven.series.stepHours, 24);
        assert.equal(seven.series.steps.length, DAYS);
        const bySteps = seven.series.steps.reduce((sum, step) => sum + step.bytes, 0);
        assert.ok(isClose(bySteps, seven.headline.bytes));
        const usd = seven.series.steps.reduce((sum, step) => sum + step.usd.high, 0);
        assert.ok(
          isClose(usd * seven.window.monthFactor, seven.headline.usdPerMonth.high),
          'the days cost what the lanes cost',
        );
        assert.deepEqual(seven.incomplete, []);
        const steady = lane(seven, 'same-zone:us-central1-a:us-central1-a');
        assert.ok(isClose(steady.previous?.bytes ?? 0, steady.bytes), 'the week before was the same');
      },
    );
  });

  test('a shorter window has its part of it, in hours', async () => {
    await withAuditor({ scenario: scenario() }, async ({ report }) => {
      const six = await report('&window=6h');
      assert.equal(six.series.stepHours, 1);
      assert.equal(six.series.steps.length, 6);
      assert.ok(isClose(lane(six, 'cross-zone:us-central1-a:us-central1-b').bytes / 2 ** 30, 42.5 / 4));
    });
  });

  test('top talkers are the VMs that send, the largest first', async () => {
    await withAuditor({ scenario: scenario() }, async ({ report }) => {
      const { topTalkers, talkers } = lane(await report(), 'cross-zone:us-central1-a:us-central1-b');
      assert.equal(talkers, 2);
      assert.deepEqual(
        topTalkers.map(({ resource, share }) => [resource, Math.round(share * 1_000)]),
        [
          ['projects/ml-lab/zones/us-central1-a/instances/a', 706],
          ['projects/ml-lab/zones/us-central1-a/instances/a2', 294],
        ],
      );
    });
  });

  test('small lanes become one line, and their sum stays', async () => {
    await withAuditor(
      { scenario: scenario(), policy: 'scope: [projects/ml-lab]\negress: {reportAbove: 20}\n' },
      async ({ report }) => {
        const short = await report();
        const small = lane(short, 'small-lanes');
        assert.equal(short.lanes.at(-1)?.id, 'small-lanes');
        assert.ok(
          short.lanes.every(
            ({ kind, usdPerMonth }) =>
              kind === 'small-lanes' || usdPerMonth === 'unpriced' || usdPerMonth.high >= 20,
          ),
        );
        assert.ok(
          short.lanes.some(({ usdPerMonth }) => usdPerMonth === 'unpriced'),
          'what has no price is never small',
        );
        assert.ok(small.bytes > 0);
        assert.ok(short.lanes.every(({ bytesShare }) => bytesShare >= 0 && bytesShare <= 1));
        assert.ok(
          isClose(
            short.lanes.reduce((sum, { id, bytes }) => sum + (isProcessed(id) ? 0 : bytes), 0),
            short.headline.bytes,
          ),
        );
      },
    );
  });
});
