import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import type { EgressReport } from '../../../functions/egress-auditor/report/report.ts';
import type { ScopeHead, ScopeTotal } from '../../../functions/egress-auditor/report/scope.ts';
import { parsePage } from '../../support/html-tree.ts';
import { LAB } from '../../support/lab.ts';
import { trafficScenario, vm, withAuditor, type Auditor } from '../../support/egress-lab.ts';

const OTHER = 'ml-other';
const GONE = 'ml-nowhere';
const DAILY = [1, 0.2, 2.4];

/** The bucket's reader is in the scope's other project, which has traffic of its own. */
const SCENARIO = trafficScenario(
  {
    vms: [vm('a'), vm('b', 'us-central1-b')],
    traffic: [
      { from: 'vm:a', to: 'vm:b', gibPerDay: 300 },
      { from: 'gs://data', to: 'country:usa/America', gibPerDay: 100, daily: DAILY },
    ],
  },
  [{ name: 'data', location: 'US-CENTRAL1' }],
  [
    {
      id: OTHER,
      number: '100000000003',
      vms: [vm('reader', 'us-east4-a')],
      traffic: [
        { from: 'google', to: 'vm:reader', gibPerDay: 100, daily: DAILY },
        { from: 'vm:reader', to: 'zone:europe-west4-a', gibPerDay: 50 },
      ],
    },
  ],
);

const policy = (...projects: readonly string[]): string =>
  `scope: [${projects.map((id) => `projects/${id}`).join(', ')}]\nstate: gs://costguard-state-lab\negress:\n`;

type Scope = ScopeHead & {
  readonly projects: readonly (EgressReport | { readonly project: string; readonly why: string })[];
  readonly total: ScopeTotal;
};

async function scopeOf({ ask }: Auditor): Promise<Scope> {
  const { status, text } = await ask('/?format=json');
  expect(status).toBe(200);
  return JSON.parse(text) as Scope;
}

describe('without a project', () => {
  const options = { scenario: SCENARIO, policy: policy(LAB, OTHER, GONE) };

  it('every project of the scope is reported, and the total is their sum', async () => {
    await withAuditor(options, async (auditor) => {
      const { projects, total, scope } = await scopeOf(auditor);
      expect(scope).toEqual([LAB, GONE, OTHER]);
      const reports = projects.flatMap((one) => ('headline' in one ? [one] : []));
      expect(reports.map(({ project }) => project)).toEqual([LAB, OTHER]);
      for (const report of reports)
        expect({ ...report, apiCalls: {} }).toEqual({
          ...(await auditor.report(`&project=${report.project}`)),
          apiCalls: {},
        });
      const highs = reports.map(({ headline }) => headline.usdPerMonth.high);
      expect(total.usdPerMonth.high).toBeCloseTo(
        highs.reduce((sum, usd) => sum + usd, 0),
        6,
      );
      expect([total.projects, total.reported]).toEqual([3, 2]);
    });
  });

  it('a project that cannot be read is said, and hides no other one', async () => {
    await withAuditor(options, async (auditor) => {
      const { total, projects } = await scopeOf(auditor);
      expect(total.failed.map(({ project }) => project)).toEqual([GONE]);
      expect(projects.find(({ project }) => project === GONE)).toMatchObject({
        why: expect.stringMatching(/exists/) as unknown,
      });
      const csv = await auditor.ask('/?format=csv');
      const rows: Record<string, string>[] = parse(csv.text, { columns: true, record_delimiter: '\r\n' });
      expect(rows.filter(({ kind }) => kind === 'not-read').map(({ project }) => project)).toContain(GONE);
      expect(new Set(rows.map(({ project }) => project))).toEqual(new Set([LAB, OTHER, GONE]));
      const page = parsePage((await auditor.ask('/?format=html')).text).text;
      expect(page).toMatch(/2 of 3/);
      expect(page).toMatch(/1 of 3 projects could not be read/);
    });
  });

  it('no more queries a project than alone, and two more for what joins them', async () => {
    await withAuditor(options, async (auditor) => {
      await scopeOf(auditor);
      const calls = auditor.sandbox.callLog.calls('monitoring.projects.timeSeries.list');
      const of = (project: string): number =>
        calls.filter(({ path }) => path.includes(`projects/${project}/`)).length;
      // 25 where a project has traffic of every kind.
      for (const project of [LAB, OTHER]) expect(of(project)).toBeLessThanOrEqual(27);
    });
  });
});

describe('readers in other projects of the scope', () => {
  it('are found by the day, and named with their project', async () => {
    await withAuditor({ scenario: SCENARIO, policy: policy(LAB, OTHER) }, async ({ report }) => {
      const { findings, notes } = await report(`&project=${LAB}`);
      const far = findings.find(({ kind }) => kind === 'far-from-bucket');
      expect(far?.resources[0]).toMatch(/^projects\/ml-other\/zones\/us-east4-a\/instances\/\d+$/);
      expect(notes.some((note) => note.includes('could not be looked for'))).toBe(false);
    });
  });

  it('where another project cannot be read, the report says so and is whole in itself', async () => {
    await withAuditor({ scenario: SCENARIO, policy: policy(LAB, GONE) }, async ({ report }) => {
      const { incomplete, notes } = await report(`&project=${LAB}`);
      expect(incomplete).toEqual([]);
      expect(notes.find((note) => note.includes('could not be looked for'))).toContain(GONE);
    });
  });
});
