/** Whether the kill switch would work if it had to: nothing here changes anything. */
import pMap from 'p-map';
import { getBudget, type Budget } from '../google/budgets.ts';
import { GoogleApiError } from '../google/google-api-error.ts';
import type { BudgetsPolicy, Policy } from '../policy/policy.ts';
import { judgeBudget, judgeDiscount } from './budget.ts';
import {
  notPassed,
  orUnknown,
  pass,
  YOU,
  type Check,
  type Inspection,
  type PreflightDeps,
  type PreflightOptions,
} from './check.ts';
import { inspectAccount } from './billing-account.ts';
import { inspectHost, inspectReceiptsTopic, inspectTopic, judgeRuntime } from './host-project.ts';
import { inspectStateBucket } from './state-bucket.ts';
import { listOwnParts } from './own-parts.ts';
import { policyInForce } from './policy-in-force.ts';
import { judgePolicyUri } from './policy-uri.ts';
import { inspectPublishers } from './publishers.ts';
import { inspectTarget, type Target } from './target-project.ts';
import { budgetIds } from '../google/resource-name.ts';

export type { Check, PreflightDeps, PreflightOptions };

/** Budgets or projects that are looked at side by side. */
const AT_ONCE = 4;

/**
 * Looks at everything that has to be right for the kill switch to work: policy, operations project, state bucket, topic,
 * and each budget of `budgets.allow` with its projects. `file` is the policy, unless the switch reads another one. Never throws on account of what Google answers: what cannot be
 * looked at is a check of status `unknown`. The order of the checks is that of the policy.
 */
export async function runPreflight(
  deps: PreflightDeps,
  file: Policy,
  options: PreflightOptions,
): Promise<readonly Check[]> {
  const inspection: Inspection = { ...deps, options };
  const { policy, checks: inForce } = await policyInForce(inspection, file);
  const { budgets } = policy;
  if (budgets === undefined)
    return [
      ...inForce,
      notPassed(
        { id: 'policy-mode', subject: 'policy' },
        'fail',
        'it has no section "budgets", so that the switch is neither armed nor disarmed',
        ['Add budgets.mode and budgets.allow to the policy, see deploy/costguard.example.yaml'],
      ),
    ];
  const accounts = [...new Set(budgets.allow.map((name) => name.replace(/\/budgets\/.*$/, '')))];
  const unlinks = budgets.ladder.some((rung) => rung.do === 'unlink-billing');
  const [host, topic, receipts, state, access, ownParts, looks] = await Promise.all([
    inspectHost(inspection),
    inspectTopicAndPublishers(inspection),
    Promise.all(
      policy.receiptsTopic === undefined ? [] : [inspectReceiptsTopic(inspection, policy.receiptsTopic)],
    ),
    Promise.all(policy.stateBucket === undefined ? [] : [inspectStateBucket(inspection, policy.stateBucket)]),
    pMap(accounts, (account) => inspectAccount(inspection, account, unlinks), { concurrency: AT_ONCE }),
    unlinks ? listOwnParts(inspection, policy) : { parts: [], unknown: [] },
    pMap(budgets.allow, (name) => lookAtBudget(inspection, budgets, name), { concurrency: AT_ONCE }),
  ]);
  const found = looks.flatMap((look) => (look.budget === undefined ? [] : [look.budget]));
  const targets = await pMap(
    targetsOf(found),
    (target) => inspectTarget(inspection, budgets, target, ownParts.parts),
    { concurrency: AT_ONCE },
  );
  return [
    ...inForce,
    ...judgePolicy(policy, budgets),
    ...judgePolicyUri(policy, options),
    judgeRuntime(inspection),
    ...host,
    ...topic,
    ...receipts,
    ...state,
    ...ownParts.unknown,
    ...access.flat(),
    ...looks.flatMap((look) => look.checks),
    ...targets.flat(),
  ];
}

/** Who may publish to a topic that is not there says nothing. */
async function inspectTopicAndPublishers(inspection: Inspection): Promise<readonly Check[]> {
  const topic = await inspectTopic(inspection);
  return topic.status === 'pass' ? [topic, ...(await inspectPublishers(inspection))] : [topic];
}

function judgePolicy(policy: Policy, { mode, allow, ladder }: BudgetsPolicy): readonly Check[] {
  const subject = 'policy';
  const acts = ladder.some((rung) => rung.do !== 'notify');
  return [
    mode === 'enforce'
      ? pass({ id: 'policy-mode', subject }, 'budgets.mode is enforce: the switch acts')
      : notPassed(
          { id: 'policy-mode', subject },
          'warn',
          'budgets.mode is observe: the switch only says what it would do',
          ['Set budgets.mode: enforce in the policy'],
        ),
    allow.length > 0
      ? pass({ id: 'policy-allow', subject }, `budgets.allow names ${allow.length}`)
      : notPassed(
          { id: 'policy-allow', subject },
          acts ? 'fail' : 'warn',
          'budgets.allow names no budget: nothing is guarded, and no budget could be checked',
          ['Add the budgets to budgets.allow in the policy, as billingAccounts/A/budgets/B'],
        ),
    policy.stateBucket !== undefined
      ? pass({ id: 'policy-state', subject }, `state is kept in gs://${policy.stateBucket}`)
      : notPassed(
          { id: 'policy-state', subject },
          acts ? 'fail' : 'warn',
          acts
            ? 'it names no state bucket: without a place for the restore manifest nothing is taken away'
            : 'it names no state bucket: nothing remembers which alerts were sent',
          ['Set state: gs://BUCKET in the policy'],
        ),
    ...judgeDiscount(policy),
  ];
}

async function lookAtBudget(
  inspection: Inspection,
  policy: BudgetsPolicy,
  name: string,
): Promise<{ readonly checks: readonly Check[]; readonly budget?: Budget }> {
  const { api, auth, options } = inspection;
  const { account } = budgetIds(name);
  const place = { id: 'budget-exists', subject: name };
  const budget = await orUnknown(
    place,
    inspection,
    [`gcloud billing accounts add-iam-policy-binding ${account} --member=${YOU} --role=roles/billing.viewer`],
    async () => {
      try {
        return await getBudget(api, auth, name);
      } catch (error) {
        if (!(error instanceof GoogleApiError) || error.status !== 404) throw error;
        return notPassed(place, 'fail', 'it does not exist (any more)', [
          `gcloud billing budgets list --billing-account=${account}`,
          'Put the name of a budget that exists into budgets.allow',
        ]);
      }
    },
  );
  if ('status' in budget) return { checks: [budget] };
  return {
    budget,
    checks: [
      pass(place, `it exists and is called ${JSON.stringify(budget.displayName)}`),
      ...judgeBudget(budget, policy, options.topic),
    ],
  };
}

/** Every project that one of the budgets names, once. */
function targetsOf(budgets: readonly Budget[]): readonly Target[] {
  const names = [...new Set(budgets.flatMap((budget) => budget.projects))];
  return names.map((name) => ({ name, budgets: budgets.filter((budget) => budget.projects.includes(name)) }));
}
