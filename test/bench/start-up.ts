import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildAll } from '../../deploy/commands/build.ts';
import {
  measureColdStart,
  type Moment,
  type Subject,
  type Waking,
  type WakingMessage,
} from './cold-start.ts';
import { parsePolicy, type Policy } from '../../shared/policy/policy.ts';
import { milliseconds, type Bench } from './row.ts';

const MAX_RATIO = 2;

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** What makes each function call out; the policy is the one beside the bundles. */
export function wakings(policy: Policy): Readonly<Record<string, Waking>> {
  const [budget = ''] = policy.budgets?.allow ?? [];
  const [scope = ''] = policy.scope;
  const project = scope.replace('projects/', '');
  return {
    'idle-notebook-stopper': { text: '{}' },
    'budget-kill-switch': budgetAlert(budget),
    'budget-restore': { path: `/?budget=${budget}&period=2026-11-01` },
    'lifecycle-enforcer': { text: '{}' },
    'egress-auditor': { path: `/?project=${project}` },
    'cost-estimator': { path: '/?machineType=g2-standard-4&format=json' },
    'guardrail-audit': { path: `/?project=${project}&format=json` },
    'spend-watch': { text: '{}' },
  };
}

/** A function as Google's build leaves it: with the compiled code of its framework and bundle beside it. */
async function built(name: string, folder: string): Promise<Subject> {
  const dir = join(folder, name);
  await cp(join(dist, name), dir, { recursive: true });
  await promisify(execFile)(process.execPath, ['compile-cache.mjs'], { cwd: dir });
  return { name, dir, env: { NODE_COMPILE_CACHE: join(dir, '.compile-cache') } };
}

function budgetAlert(budget: string): WakingMessage {
  const [, billingAccountId = '', , budgetId = ''] = budget.split('/');
  return {
    attributes: { billingAccountId, budgetId, schemaVersion: '1.0' },
    text: JSON.stringify({
      budgetDisplayName: 'ML, monthly',
      alertThresholdExceeded: 1,
      costAmount: 104.5,
      costIntervalStart: '2026-11-01T07:00:00Z',
      budgetAmount: 100,
      budgetAmountType: 'SPECIFIED_AMOUNT',
      currencyCode: 'USD',
    }),
  };
}

/** Start of process to its first calls, as deployed, against an empty function in the same framework without any such help. */
export const startUp: Bench = async function* ({ quick }) {
  // Inside dist, so that the framework is found as it is for the real bundles.
  const folder = await mkdtemp(join(dist, '.bench-'));
  try {
    const [empty] = await buildAll({
      functionsDir: fileURLToPath(new URL('fixtures', import.meta.url)),
      distDir: folder,
    });
    if (empty === undefined) throw new Error('Cannot compare: the empty function was not built');
    const policy = parsePolicy(readFileSync(join(dist, 'budget-kill-switch', 'costguard.yaml'), 'utf8'));
    for (const [name, waking] of Object.entries(wakings(policy))) {
      const { pairs, baselineMillis, token, api } = await measureColdStart({
        subject: await built(name, folder),
        baseline: empty,
        pairs: quick ? 5 : 15,
        waking,
      });
      const show = ({ millis, ratio }: Moment): string =>
        `${ratio.median.toFixed(2)} × an empty function (${milliseconds(millis.median)} to ${milliseconds(baselineMillis.median)}; median of ${pairs} pairs, ${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
      yield {
        what: `${name}: process start to first outside call, which is for the token`,
        measured: show(token),
        goal: { expected: `≤ ${MAX_RATIO.toFixed(2)} ×`, reached: token.ratio.median <= MAX_RATIO },
      };
      yield {
        what: `${name}: process start to first call of a Google API`,
        measured: show(api),
        goal: { expected: `≤ ${MAX_RATIO.toFixed(2)} ×`, reached: api.ratio.median <= MAX_RATIO },
      };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
