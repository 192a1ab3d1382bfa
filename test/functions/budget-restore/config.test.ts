import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { readRequest } from '../../../functions/budget-restore/config.ts';
import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import { Refusal } from '../../../shared/run/handle-request.ts';

const budget = 'billingAccounts/01D4EE-079462-DFD6EC/budgets/de72f49d-779b-4945-a127-4d6ce8def0bb';
const manifest = 'manifests/01D4EE-079462-DFD6EC/de72f49d-779b-4945-a127-4d6ce8def0bb/2026-11-01/ml-lab.json';
const period = '2026-11-01';

describe('readRequest', () => {
  it('reads a budget and its period', () => {
    assert.deepEqual(readRequest({ budget, period }), {
      budget,
      period,
      project: undefined,
      grace: { share: 0.1 },
    });
  });

  it('reads one project of them', () => {
    assert.deepEqual(readRequest({ budget, period, project: 'ml-lab' }), {
      budget,
      period,
      project: 'ml-lab',
      grace: { share: 0.1 },
    });
  });

  it("reads a manifest's name, with its bucket or without", () => {
    const expected = { budget, period, project: 'ml-lab', grace: { share: 0.1 } };
    assert.deepEqual(readRequest({ manifest }), expected);
    assert.deepEqual(readRequest({ manifest: `gs://ml-ops-costguard/${manifest}` }), {
      ...expected,
      bucket: 'ml-ops-costguard',
    });
  });

  it.each([
    ['12h', { hours: 12 }],
    ['25%', { share: 0.25 }],
    ['0%', { share: 0 }],
  ])('reads the grace %s', (grace, expected) => {
    assert.deepEqual(readRequest({ budget, period, grace }).grace, expected);
  });

  it.each(['12', '120%', '-1h', '9999h', 'h', 0.1])('refuses the grace %s', (grace) => {
    assert.throws(() => readRequest({ budget, period, grace }), /hours such as 12h/);
  });

  const BUDGET = /billingAccounts\/01D4EE-079462-DFD6EC\/budgets\/ID/;
  const PERIOD = /the first day of the period, such as 2026-11-01/;
  const MANIFEST = /manifest alone, as manifests\/ACCOUNT\/BUDGET\/2026-11-01\/PROJECT\.json/;
  const cases: readonly [name: string, input: object, parameter: string, value: RegExp, wanted: RegExp][] = [
    ['no budget', { period }, 'budget', /absent/, BUDGET],
    ['an empty budget', { budget: '', period }, 'budget', /""/, BUDGET],
    ["a budget's id alone", { budget: 'de72f49d', period }, 'budget', /"de72f49d"/, BUDGET],
    ['a budget twice', { budget: [budget, budget], period }, 'budget', /billingAccounts/, BUDGET],
    ['a budget with a way out', { budget: `${budget}/../x`, period }, 'budget', /\.\.\/x/, BUDGET],
    ['no period', { budget }, 'period', /absent/, PERIOD],
    ['a month as period', { budget, period: '2026-11' }, 'period', /"2026-11"/, PERIOD],
    ['a day that is none', { budget, period: '2026-02-30' }, 'period', /"2026-02-30"/, PERIOD],
    ['a number as period', { budget, period: 20261101 }, 'period', /20261101/, PERIOD],
    ['an empty project', { budget, period, project: '' }, 'project', /""/, /a project id/],
    ['a project with a slash', { budget, period, project: 'a/b/c' }, 'project', /"a\/b\/c"/, /a project id/],
    ['a parameter that is none', { budget, period, dryRun: 'yes' }, 'dryRun', /"yes"/, /budget, period, project, manifest/],
    ['a manifest beside a period', { manifest, period }, 'manifest', /manifests/, MANIFEST],
    ['a manifest of another form', { manifest: 'x.json' }, 'manifest', /"x\.json"/, MANIFEST],
    ['a manifest of no account', { manifest: manifest.replace('01D4EE-', '') }, 'manifest', /manifests/, MANIFEST],
    ['a manifest of no day', { manifest: manifest.replace('11-01', '13-01') }, 'manifest', /13-01/, MANIFEST],
    ['a manifest that is a list', { manifest: [manifest] }, 'manifest', /manifests/, MANIFEST],
  ]; // prettier-ignore
  for (const [name, input, parameter, value, wanted] of cases)
    it(`refuses ${name}, naming the parameter, what it is and what is allowed`, () => {
      assert.throws(
        () => readRequest(input),
        (error) => {
          assert.ok(error instanceof BadParameter);
          assert.match(error.message, new RegExp(`\\b${parameter}\\b`));
          assert.match(error.message, value);
          assert.match(error.message, wanted);
          return true;
        },
      );
    });

  for (const input of [undefined, null, 'text', 7, [], Buffer.from('x')])
    it(`refuses what has no parameters: ${JSON.stringify(input)}`, () => {
      assert.throws(() => readRequest(input), (error) => error instanceof Refusal || error instanceof BadParameter); // prettier-ignore
    });
});
