import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { parse } from 'csv-parse/sync';
import { figuresIn, findOne, hasClass, parsePage } from '../../support/html-tree.ts';
import { egressFleet } from '../../bench/egress-audit.ts';
import { parseScenario } from '../../sandbox/scenario.ts';
import { OPERATIONS, LAB } from '../../support/lab.ts';
import { gibOf, trafficScenario, vm, withAuditor, type Auditor } from '../../support/egress-lab.ts';

const TRAFFIC = {
  vms: [vm('a'), vm('b', 'us-central1-b')],
  traffic: [
    { from: 'vm:a', to: 'vm:b', gibPerDay: 100 },
    { from: 'gs://data', to: 'country:usa/America', gibPerDay: 10 },
  ],
};
const SCENARIO = trafficScenario(TRAFFIC, [{ name: 'data', location: 'US' }]);
const ROUTE = 'monitoring.projects.timeSeries.list';

async function errorOf(
  { ask }: Auditor,
  path: string,
  init?: RequestInit,
): Promise<[number, Record<string, string>]> {
  const { status, text } = await ask(path, init);
  return [status, JSON.parse(text) as Record<string, string>];
}

describe('requests', () => {
  const bad: readonly [query: string, parameter: string, value: string | null, allowed: RegExp][] = [
    ['window=7dd', 'window', '7dd', /1h to 42d/],
    ['window=-7d', 'window', '-7d', /1h to 42d/],
    ['window=43d', 'window', '43d', /1h to 42d/],
    ['window=0d', 'window', '0d', /1h to 42d/],
    ['window=90m', 'window', '90m', /whole hours/],
    ['window=7', 'window', '7', /1h to 42d/],
    ['window=', 'window', '', /1h to 42d/],
    ['window=2027-01-01', 'window', '2027-01-01', /up to now/],
    ['window=1d&window=2d', 'window', '["1d","2d"]', /1h to 42d/],
    ['format=xml', 'format', 'xml', /json, html, csv/],
    ['format=csv&table=lane', 'table', 'lane', /lanes, talkers, findings, steps/],
    ['project=No+Such', 'project', 'No Such', /scope/],
    ['projcet=ml-lab', 'the parameter', 'projcet', /project, window, format, table/],
  ];
  test('a wrong parameter: 400 that names it, its value and what is allowed', async () => {
    await withAuditor({ scenario: SCENARIO }, async (auditor) => {
      for (const [query, parameter, value, allowed] of bad) {
        const [status, body] = await errorOf(auditor, `/?${query}`);
        assert.equal(status, 400, query);
        assert.deepEqual([body['parameter'], body['value']], [parameter, value], query);
        assert.match(body['allowed'] ?? '', allowed, query);
        assert.match(body['error'] ?? '', allowed, query);
      }
      assert.equal(auditor.sandbox.callLog.calls().length, 0, 'nothing was requested from Google');
    });
  });

  test('JSON, CSV and page hold the same report; errors are pages for browsers', async () => {
    await withAuditor({ scenario: SCENARIO }, async ({ ask, report }) => {
      const { headline, lanes } = await report();
      const csv = await ask('/', { headers: { accept: 'text/csv' } });
      assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
      assert.equal(csv.headers.get('content-disposition'), 'attachment; filename="egress-ml-lab-lanes.csv"');
      const rows: Record<string, string>[] = parse(csv.text, { columns: true, record_delimiter: '\r\n' });
      assert.deepEqual(
        rows.map(({ id, bytes }) => [id, Number(bytes)]),
        lanes.map(({ id, bytes }) => [id, bytes]),
      );
      const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
      const page = await ask('/', { headers: { accept } });
      assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; script-src 'sha256-/,
      );
      const amount = findOne(parsePage(page.text), (element) => hasClass(element, 'amount'));
      const { low, high } = headline.usdPerMonth;
      assert.deepEqual(
        figuresIn(amount).map(({ value }) => value),
        [low, high],
      );
      const wrong = await ask('/?window=7dd', { headers: { accept } });
      assert.deepEqual([wrong.status, wrong.headers.get('content-type')], [400, 'text/html; charset=utf-8']);
      assert.match(parsePage(wrong.text).text, /Cannot use window "7dd": allowed is .*1h to 42d/);
      assert.equal((await ask('/', { headers: { accept: 'image/png' } })).status, 406);
    });
  });

  for (const method of ['POST', 'PUT', 'DELETE'])
    test(`${method}: 405`, async () => {
      await withAuditor({ scenario: SCENARIO }, async ({ ask }) => {
        const { status, headers } = await ask('/', { method });
        assert.deepEqual([status, headers.get('allow')], [405, 'GET']);
      });
    });

  test('a project outside the scope: 403 that names both', async () => {
    await withAuditor({ scenario: SCENARIO }, async (auditor) => {
      const [status, body] = await errorOf(auditor, `/?project=${OPERATIONS}`);
      assert.equal(status, 403);
      assert.match(body['error'] ?? '', /"ml-ops-local".*scope \(projects\/ml-lab\)/);
    });
  });

  test('a project in scope that does not exist: 400', async () => {
    await withAuditor(
      { scenario: SCENARIO, policy: 'scope: [projects/ml-nowhere]\negress:' },
      async (auditor) => {
        const [status, body] = await errorOf(auditor, '/?project=ml-nowhere');
        assert.deepEqual([status, body['parameter'], body['value']], [400, 'project', 'ml-nowhere']);
        assert.match(body['allowed'] ?? '', /exists/);
      },
    );
  });

  test('the policy’s window and the one project of its scope are the defaults', async () => {
    const policy = `scope: [projects/${LAB}]\negress: {window: 36h}\n`;
    await withAuditor({ scenario: SCENARIO, policy }, async ({ report }) => {
      const { project, window, series } = await report();
      assert.equal(project, LAB);
      assert.deepEqual([window.requested, window.hours, series.stepHours], ['36h', 36, 18]);
    });
  });
});

describe('what cannot be read', () => {
  test('is said, and the rest is reported', async () => {
    await withAuditor({ scenario: SCENARIO }, async ({ sandbox, report }) => {
      sandbox.faults.add({ route: 'storage.buckets.list', fault: { kind: 'status', status: 403 } });
      const { incomplete, lanes } = await report();
      assert.deepEqual(
        incomplete.map(({ where }) => where),
        ['projects/ml-lab buckets'],
      );
      assert.match(incomplete[0]?.why ?? '', /HTTP 403/);
      assert.deepEqual(new Set(lanes.map(({ kind }) => kind)), new Set(['cross-zone', 'bucket-reads']));
    });
  });

  test('is said where Monitoring answers in part', async () => {
    const metric = 'networking.googleapis.com/vm_flow/egress_bytes_count';
    const scenario = trafficScenario({ ...TRAFFIC, metricErrors: { [metric]: 'shard 7 is away' } }, [
      { name: 'data', location: 'US' },
    ]);
    await withAuditor({ scenario }, async ({ report }) => {
      const { incomplete, headline } = await report();
      assert.deepEqual(
        [...new Set(incomplete.map(({ why }) => why))],
        ['Monitoring answered in part: shard 7 is away'],
      );
      assert.ok(incomplete.some(({ where }) => where === 'projects/ml-lab VM egress'));
      assert.ok(headline.bytes > 0);
    });
  });

  test('without any traffic metric there is no report', async () => {
    await withAuditor({ scenario: SCENARIO }, async ({ sandbox, ask }) => {
      sandbox.faults.add({ route: ROUTE, fault: { kind: 'status', status: 403 } });
      assert.equal((await ask('/')).status, 500);
    });
  });

  test('VMs that are not listed keep their numeric id, and nothing is claimed of them', async () => {
    await withAuditor({ scenario: SCENARIO }, async ({ sandbox, report }) => {
      sandbox.faults.add({
        route: 'compute.instances.aggregatedList',
        fault: { kind: 'status', status: 403 },
      });
      const { incomplete, lanes } = await report();
      assert.ok(incomplete.some(({ where }) => where === 'projects/ml-lab VMs'));
      assert.match(
        lanes.find(({ kind }) => kind === 'cross-zone')?.topTalkers[0]?.resource ?? '',
        /^projects\/ml-lab\/instances\/\d{19}$/,
      );
    });
  });

  test('a passing fault is waited for', async () => {
    await withAuditor({ scenario: SCENARIO }, async ({ sandbox, report }) => {
      sandbox.faults.add({ route: ROUTE, fault: { kind: 'status', status: 503 }, count: 4 });
      assert.deepEqual((await report()).incomplete, []);
    });
  });
});

describe('pages', () => {
  test('a listing of several pages is whole', async () => {
    const many = Array.from({ length: 520 }, (_, index) =>
      vm(`vm-${index}`, index % 2 === 0 ? 'us-central1-a' : 'us-central1-b'),
    );
    const scenario = trafficScenario({
      vms: many,
      traffic: [{ from: 'vms', to: 'zone:us-east4-c', gibPerDay: 1 }],
    });
    await withAuditor({ scenario }, async ({ sandbox, report }) => {
      const found = await report();
      assert.equal(Math.round(gibOf(found)['inter-region:us-central1:us-east4'] ?? 0), 520 * 7);
      assert.equal(found.lanes[0]?.talkers, 520);
      assert.equal(sandbox.callLog.calls('compute.instances.aggregatedList').length, 2);
    });
  });

  test('however many VMs and remotes there are, the queries are the same', async () => {
    const counts: number[] = [];
    for (const [vms, remotes] of [
      [4, 90],
      [40, 180],
    ] as const) {
      const fleet = egressFleet(vms, remotes);
      const scenario = parseScenario({ ...fleet, storage: {} });
      await withAuditor(
        { scenario, policy: 'scope: [projects/ml-bench]\negress:', operationsProject: 'ml-ops-bench' },
        async ({ sandbox, report }) => {
          const { headline, incomplete } = await report();
          assert.deepEqual(incomplete, []);
          const gib = headline.bytes / 2 ** 30;
          assert.ok(Math.abs(gib - vms * remotes * 7) < 0.01 * gib);
          counts.push(sandbox.callLog.calls(ROUTE).length);
        },
      );
    }
    assert.deepEqual(counts, [25, 25]);
  });
});
