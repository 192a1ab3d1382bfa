import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type {
  EgressReport,
  Finding,
  FindingKind,
} from '../../../../functions/egress-auditor/report/report.ts';
import { findingKinds } from '../../../../functions/egress-auditor/report/report.ts';
import { lastReceipt } from '../../../support/observe.ts';
import { BUCKET } from '../../../support/lab.ts';
import { trafficScenario, vm, withAuditor, type ProjectInput } from '../../../support/egress-lab.ts';

const CENTRAL = 'us-central1-a';
const EUROPE = 'europe-west4-a';

type Buckets = Parameters<typeof trafficScenario>[1];

/** Days that differ, so that the days of one flow are not those of another. */
const UNEVEN = [1, 0.2, 2.4];
const OTHERWISE = [0.4, 1.7, 0.9, 1];

function stored(name: string, location: string, gib: number): NonNullable<Buckets>[number] {
  return { name, location, objects: [{ name: 'data', size: gib * 2 ** 30, timeCreated: '-60d' }] };
}

interface Planted {
  readonly project: Partial<ProjectInput>;
  readonly buckets?: Buckets;
}

async function audit({ project, buckets }: Planted): Promise<EgressReport> {
  let report: EgressReport | undefined;
  await withAuditor({ scenario: trafficScenario(project, buckets) }, async (auditor) => {
    report = await auditor.report();
  });
  assert.ok(report);
  return report;
}

const shown = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ id }) => id.replace(/\d{19}/g, 'ID'));

/** Each mistake alone: its project, and the id of what has to be found. */
const PLANTED: Readonly<
  Record<FindingKind, Planted & { readonly found: string; readonly usd: readonly [number, number] }>
> = {
  'far-from-bucket': {
    project: {
      vms: [vm('trainer', EUROPE)],
      traffic: [{ from: 'gs://train-us', to: 'vm:trainer', gibPerDay: 100, daily: UNEVEN }],
    },
    buckets: [stored('train-us', 'US', 500)],
    found: 'far-from-bucket:train-us:europe-west4',
    usd: [0.05, 0.08],
  },
  'chatty-zones': {
    project: {
      vms: [vm('ps', CENTRAL), vm('worker', 'us-central1-b')],
      traffic: [
        { from: 'vm:worker', to: 'vm:ps', gibPerDay: 80 },
        { from: 'vm:ps', to: 'vm:worker', gibPerDay: 20 },
      ],
    },
    found: 'chatty-zones:us-central1-a:us-central1-b',
    usd: [0.01, 0.01],
  },
  'external-address-between-own-vms': {
    project: {
      vms: [
        vm('api', CENTRAL, { externalIp: '203.0.113.1', networkTier: 'STANDARD' }),
        vm('cache', CENTRAL, { externalIp: '203.0.113.2', networkTier: 'STANDARD' }),
      ],
      traffic: [{ from: 'vm:api', to: 'vm:cache', gibPerDay: 100, daily: UNEVEN, external: true }],
    },
    found: 'external-address-between-own-vms:ID:ID',
    usd: [0.01, 0.12],
  },
  'premium-tier': {
    project: {
      vms: [vm('web', CENTRAL, { externalIp: '203.0.113.1' })],
      traffic: [{ from: 'vm:web', to: 'country:usa/America', gibPerDay: 100 }],
    },
    found: 'premium-tier:us-central1',
    usd: [0.03, 0.06],
  },
  'bucket-read-from-several-regions': {
    project: {
      vms: [vm('here', CENTRAL), vm('there', 'us-east4-c')],
      traffic: [
        { from: 'gs://shared', to: 'vm:here', gibPerDay: 100, daily: [0.7, 1.3, 0.5, 1.5, 1] },
        { from: 'gs://shared', to: 'vm:there', gibPerDay: 100, daily: OTHERWISE },
      ],
    },
    buckets: [stored('shared', 'US-CENTRAL1', 200)],
    found: 'bucket-read-from-several-regions:shared',
    usd: [0.01, 0.02],
  },
};

describe('planted mistakes', () => {
  test('there is one of each kind', () => {
    assert.deepEqual(Object.keys(PLANTED).sort(), [...findingKinds].sort());
  });

  for (const kind of findingKinds)
    test(`${kind} is found, alone, with its cost and a command`, async () => {
      const planted = PLANTED[kind];
      const { findings, incomplete } = await audit(planted);
      assert.deepEqual(incomplete, []);
      assert.deepEqual(shown(findings), [planted.found]);
      const [finding] = findings;
      assert.ok(finding !== undefined && finding.usdPerMonth !== 'unpriced');
      assert.match(finding.command, /^gcloud /);
      assert.ok(finding.resources.length > 0 && Object.keys(finding.evidence).length > 0);
      // About 100 GiB a day are 3,042 GiB a month; the uneven days are 20 % more over a week.
      const [least, most] = planted.usd;
      assert.ok(finding.usdPerMonth.low >= 3_042 * least * 0.7, `from ${finding.usdPerMonth.low} USD`);
      assert.ok(finding.usdPerMonth.high <= 3_042 * most * 1.4, `up to ${finding.usdPerMonth.high} USD`);
      assert.ok(finding.usdPerMonth.low <= finding.usdPerMonth.high);
    });

  test('all at once, all are found, and the receipt has them', async () => {
    const all = Object.values(PLANTED);
    const scenario = trafficScenario(
      {
        // Names are unique across the mistakes; the quiet readers are in other regions than the noisy ones.
        vms: all
          .flatMap(({ project }) => project.vms ?? [])
          .map((one, index) =>
            one.externalIp === undefined ? one : { ...one, externalIp: `203.0.113.${index + 1}` },
          ),
        traffic: all.flatMap(({ project }) => project.traffic ?? []),
      },
      all.flatMap(({ buckets }) => buckets ?? []),
    );
    await withAuditor({ scenario }, async ({ report, sandbox }) => {
      const { findings } = await report();
      assert.deepEqual([...new Set(findings.map(({ kind }) => kind))].sort(), [...findingKinds].sort());
      assert.deepEqual(shown(findings).toSorted(), all.map(({ found }) => found).toSorted());
      const receipt = lastReceipt(sandbox, BUCKET);
      assert.equal(receipt.function, 'egress-auditor');
      assert.equal(receipt.mode, 'observe');
      assert.deepEqual(
        receipt.decisions.map(({ reason, outcome }) => `${reason} ${outcome}`),
        findings.map(({ kind }) => `${kind} planned`),
      );
    });
  });
});

describe('nothing is claimed', () => {
  const quiet: readonly (readonly [string, Planted])[] = [
    [
      'of a clean project',
      {
        project: {
          privateGoogleAccess: ['us-central1'],
          vms: [
            vm('trainer', CENTRAL),
            vm('eu', EUROPE),
            vm('node', CENTRAL, { labels: { 'goog-gke-node': '' } }),
            vm('web', CENTRAL, { externalIp: '203.0.113.1', networkTier: 'STANDARD' }),
            vm('far', CENTRAL, { externalIp: '203.0.113.2' }),
          ],
          traffic: [
            { from: 'gs://train', to: 'vm:trainer', gibPerDay: 300, daily: UNEVEN },
            { from: 'gs://eu', to: 'vm:eu', gibPerDay: 90, daily: OTHERWISE },
            { from: 'vm:trainer', to: 'vm:node', gibPerDay: 500 },
            { from: 'country:usa/America', to: 'vm:node', gibPerDay: 50, nat: true },
            { from: 'vm:web', to: 'country:usa/America', gibPerDay: 40 },
            {
              from: 'vm:far',
              to: ['country:deu/Europe', 'country:jpn/Asia', 'country:usa/America'],
              gibPerDay: 20,
            },
            { from: 'vm:trainer', to: 'google', gibPerDay: 5 },
          ],
        },
        buckets: [stored('train', 'US-CENTRAL1', 900), stored('eu', 'EUROPE-WEST4', 100)],
      },
    ],
    [
      'of a reader inside a multi-region or a dual-region',
      {
        project: {
          vms: [vm('a', CENTRAL), vm('b', EUROPE)],
          traffic: [
            { from: 'gs://us', to: 'vm:a', gibPerDay: 100, daily: UNEVEN },
            { from: 'gs://eur4', to: 'vm:b', gibPerDay: 100, daily: OTHERWISE },
          ],
        },
        buckets: [stored('us', 'NAM4', 10), stored('eur4', 'EUR4', 10)],
      },
    ],
    [
      'of a far VM that received what no bucket sent',
      {
        project: {
          vms: [vm('a', EUROPE)],
          traffic: [
            { from: 'gs://us', to: 'country:usa/America', gibPerDay: 100, daily: UNEVEN },
            { from: 'google', to: 'vm:a', gibPerDay: 100, daily: [0.1, 2, 1] },
          ],
        },
        buckets: [stored('us', 'US', 10)],
      },
    ],
    [
      'of a far VM that may have read from either of two buckets',
      {
        project: {
          vms: [vm('a', EUROPE)],
          traffic: [
            { from: 'gs://us', to: 'vm:a', gibPerDay: 100 },
            { from: 'gs://eu', to: 'country:fra/Europe', gibPerDay: 200 },
          ],
        },
        buckets: [stored('us', 'US', 10), stored('eu', 'EU', 10)],
      },
    ],
    [
      'of a shared bucket whose copy would cost more than the transfers',
      {
        project: {
          vms: [vm('a', CENTRAL), vm('b', 'us-east4-c')],
          traffic: [
            { from: 'gs://big', to: 'vm:a', gibPerDay: 100, daily: UNEVEN },
            { from: 'gs://big', to: 'vm:b', gibPerDay: 30, daily: UNEVEN },
          ],
        },
        buckets: [stored('big', 'US-CENTRAL1', 50_000)],
      },
    ],
    [
      'of two pairs that talk alike over external addresses',
      {
        project: {
          vms: ['a', 'b', 'c', 'd'].map((id, index) =>
            vm(id, CENTRAL, { externalIp: `203.0.113.${index}`, networkTier: 'STANDARD' }),
          ),
          traffic: [
            { from: 'vm:a', to: 'vm:b', gibPerDay: 50, external: true },
            { from: 'vm:c', to: 'vm:d', gibPerDay: 50, external: true },
          ],
        },
      },
    ],
    [
      'of NAT traffic that goes out, not in',
      {
        project: {
          vms: [vm('node', CENTRAL, { labels: { 'goog-gke-node': '' } })],
          traffic: [
            { from: 'country:usa/America', to: 'vm:node', gibPerDay: 50, nat: true },
            { from: 'vm:node', to: 'country:usa/America', gibPerDay: 50, nat: true },
          ],
        },
      },
    ],
    [
      'of what costs less than reportAbove',
      {
        project: {
          vms: [vm('a', CENTRAL), vm('b', 'us-central1-b')],
          traffic: [{ from: 'vm:a', to: 'vm:b', gibPerDay: 3 }],
        },
      },
    ],
  ];
  for (const [what, planted] of quiet)
    test(what, async () => {
      const { findings, headline } = await audit(planted);
      assert.deepEqual(shown(findings), []);
      assert.ok(headline.bytes > 0);
    });
});
