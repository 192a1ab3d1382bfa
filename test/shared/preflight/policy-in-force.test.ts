import { describe, expect, it } from 'vitest';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { CannotImpersonate } from '../../../shared/google/impersonate.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import type { Inspection } from '../../../shared/preflight/check.ts';
import { policyInForce } from '../../../shared/preflight/policy-in-force.ts';

const ALLOW = 'allow: [billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/11111111-2222-3333-4444-555555555555]';
const policyText = (rung: string): string =>
  `scope: [projects/ml-dev]\nstate: gs://ops\nbudgets: {mode: enforce, ${ALLOW}, ladder: [{at: 1, do: ${rung}}]}\n`;
const FILE = parsePolicy(policyText('stop-notebooks'));
const ACCOUNT = 'budget-kill-switch@ml-ops.iam.gserviceaccount.com';

/** The switch's account is answered so; no one else reads. */
function inspection(answer: string | Error, policyUri = 'gs://ops/policies/costguard.yaml'): Inspection {
  const refuse = () => expect.unreachable('read as the caller');
  const urls: string[] = [];
  return {
    api: { exchange: refuse },
    switchApi: {
      exchange: async (call: string, { url }: { url: string }) => {
        urls.push(`${call} ${url}`);
        expect(urls).toEqual([
          'storage.objects.get https://storage.googleapis.com/storage/v1/b/ops/o/policies%2Fcostguard.yaml',
        ]);
        if (typeof answer !== 'string') throw answer;
        return { data: answer, header: () => undefined };
      },
    },
    options: { project: 'ml-ops', topic: '', account: ACCOUNT, runtime: 'nodejs24', policyUri },
  } as unknown as Inspection;
}

/** As the HTTP client throws it. */
const refused = (status: number, message = 'no'): GoogleApiError =>
  new GoogleApiError('storage.objects.get', Object.assign(new Error(message), { status, code: status }));

describe('policyInForce', () => {
  it('is the policy at POLICY_URI: what its ladder needs is what is checked', async () => {
    const { policy, checks } = await policyInForce(inspection(policyText('unlink-billing')), FILE);
    expect(policy.budgets?.ladder.map((rung) => rung.do)).toEqual(['unlink-billing']);
    expect(checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'policy-in-force pass',
      'policy-rights pass',
    ]);
  });

  it('takes no part in what is wrong in the sections of others, as the switch does', async () => {
    const { checks } = await policyInForce(inspection(`${policyText('notify')}watch: 7\n`), FILE);
    expect(checks.map(({ status }) => status)).toEqual(['pass', 'pass']);
  });

  for (const [title, answer, status, says] of [
    ['no policy', 'scope: 7\n', 'fail', /cannot be used: .*scope/s],
    ['not there', refused(404), 'fail', /does not exist/],
    ['closed to the switch', refused(403), 'fail', new RegExp(`${ACCOUNT} may not read gs://ops/`)],
    ['not answered', refused(503), 'unknown', /^could not be checked/],
  ] as const)
    it(`is FILE where the object is ${title}: ${status}, and it is said what was checked`, async () => {
      const { policy, checks } = await policyInForce(inspection(answer), FILE);
      expect(policy).toBe(FILE);
      expect(checks.map((check) => check.status)).toEqual([status]);
      expect(checks[0]?.detail).toMatch(says);
      expect(checks[0]?.detail).toMatch(/; all else was checked with the ladder of FILE$/);
      expect(status === 'unknown' || checks[0]?.remedy.length !== 0).toBe(true);
    });

  it('could not be checked, and is not missing, where no one may act as the switch', async () => {
    const error = new GoogleApiError(
      'storage.objects.get',
      Object.assign(new CannotImpersonate('no such account'), { status: 404, code: 404 }),
    );
    const { checks } = await policyInForce(inspection(error), FILE);
    expect(checks.map(({ status }) => status)).toEqual(['unknown']);
  });

  it('is FILE without a check where the switch reads the copy beside it', async () => {
    expect(await policyInForce(inspection('', './costguard.yaml'), FILE)).toEqual({
      policy: FILE,
      checks: [],
    });
  });
});

describe('policyInForce, of the rights that deploy.sh grants by FILE', () => {
  const HOURS = '{timezone: UTC, days: [mon], from: "08:00", to: "20:00", start: true}';
  const LIFECYCLE =
    'policies: [{name: a, rules: [{action: {type: AbortIncompleteMultipartUpload}, condition: {age: 7}}]}]';
  const BASE = `${policyText('notify')}notebooks: {}\nlifecycle: {${LIFECYCLE}}\nwatch: {}\n`;
  const OTHER = 'billingAccounts/0A1B2C-3D4E5F-6A7B8D';
  const rightsOf = async (file: string, inForce: string) => {
    const { checks } = await policyInForce(inspection(inForce), parsePolicy(file));
    return checks.find(({ id }) => id === 'policy-rights');
  };

  for (const [from, to, lacking] of [
    ['scope: [projects/ml-dev]', 'scope: [projects/ml-dev, projects/ml-new]', 'scope projects/ml-new'],
    [
      ALLOW,
      ALLOW.replace(']', `, ${OTHER}/budgets/11111111-2222-3333-4444-555555555555]`),
      `budgets.allow on ${OTHER}`,
    ],
    [
      ALLOW,
      `${ALLOW}, modelAccounts: [m@ml-dev.iam.gserviceaccount.com]`,
      'budgets.modelAccounts m@ml-dev.iam.gserviceaccount.com',
    ],
    ['state: gs://ops', 'state: gs://other', 'state gs://other'],
    [
      'watch: {}',
      'receipts: projects/ml-ops/topics/receipts\nwatch: {}',
      'receipts projects/ml-ops/topics/receipts',
    ],
    [
      'watch: {}',
      'notify: {channels: [{kind: slack, secret: projects/ml-ops/secrets/s/versions/latest}]}\nwatch: {}',
      'notify projects/ml-ops/secrets/s/versions/latest',
    ],
    ['notebooks: {}', `notebooks: {hours: ${HOURS}}`, 'notebooks.hours.start: true'],
    ['notebooks: {}', 'notebooks: {nativeIdleShutdown: repair}', 'notebooks.nativeIdleShutdown: repair'],
    ['lifecycle: {', 'lifecycle: {simulate: objects, ', 'lifecycle.simulate: objects'],
    ['watch: {}', 'watch: {metrics: true}', 'watch.metrics: true'],
    ['watch: {}', 'watch: {}\negress:', 'section egress'],
  ] as const)
    // prettier-ignore
    it(`warns where FILE lacks ${lacking}, and not the other way round`, async () => {
      const inForce = BASE.replace(from, to);
      expect(inForce).not.toBe(BASE);
      const warned = await rightsOf(BASE, inForce);
      expect([warned?.status, warned?.detail]).toEqual([
        'warn',
        `rights of the functions follow FILE of deploy.sh, which lacks what gs://ops/policies/costguard.yaml uses: ${lacking}`,
      ]);
      expect(warned?.remedy.join('\n')).toMatch(/in-force\.yaml\n.*deploy\.sh --policy in-force\.yaml --project ml-ops/);
      const other = lacking.startsWith('state') ? 'warn' : 'pass';
      expect((await rightsOf(inForce, BASE))?.status).toBe(other);
    });

  it('says nothing of the ladder: the switch holds the rights of every rung', async () => {
    expect((await rightsOf(policyText('notify'), policyText('unlink-billing')))?.status).toBe('pass');
  });
});
