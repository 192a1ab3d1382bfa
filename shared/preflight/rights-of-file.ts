import { policySections, type Policy } from '../policy/policy.ts';
import { notPassed, pass, type Check } from './check.ts';

/**
 * Whether the policy that deploy.sh grants rights by, `file`, names all that the one at `uri` uses: that one can change without a
 * deployment, and rights do not. The rungs of the ladder are none of it: the switch holds the rights of each. Pure.
 */
export function judgeRightsOfFile(file: Policy, inForce: Policy, uri: string, project: string): Check {
  const place = { id: 'policy-rights', subject: 'policy' };
  const granted = new Set(usesOf(file));
  const lacking = usesOf(inForce).filter((one) => !granted.has(one));
  if (lacking.length === 0)
    return pass(place, `FILE, by which rights are granted, names all that ${uri} uses`);
  return notPassed(
    place,
    'warn',
    `rights of the functions follow FILE of deploy.sh, which lacks what ${uri} uses: ${lacking.join('; ')}`,
    [
      `gcloud storage cp ${uri} in-force.yaml`,
      `deploy/deploy.sh --policy in-force.yaml --project ${project} --region REGION`,
    ],
  );
}

/** What of a policy takes a right, or a deployment. */
function usesOf(policy: Policy): readonly string[] {
  const { scope, stateBucket, receiptsTopic, notify, notebooks, budgets, lifecycle, watch } = policy;
  const accounts = (budgets?.allow ?? []).map((budget) => budget.replace(/\/budgets\/.*$/, ''));
  const channels = (notify?.channels ?? []).map((one) => (one.kind === 'topic' ? one.topic : one.secret));
  const used: readonly (readonly [string, boolean])[] = [
    ...scope.map((one) => [`scope ${one}`, true] as const),
    [`state gs://${stateBucket ?? ''}`, stateBucket !== undefined],
    [`receipts ${receiptsTopic ?? ''}`, receiptsTopic !== undefined],
    ...[...new Set(accounts)].map((one) => [`budgets.allow on ${one}`, true] as const),
    ...(budgets?.modelAccounts ?? []).map((one) => [`budgets.modelAccounts ${one}`, true] as const),
    ...channels.map((one) => [`notify ${one}`, true] as const),
    ['notebooks.hours.start: true', notebooks?.hours?.start === true],
    ['notebooks.nativeIdleShutdown: repair', notebooks?.nativeIdleShutdown === 'repair'],
    ['lifecycle.simulate: objects', lifecycle?.simulate === 'objects'],
    ['watch.metrics: true', watch?.metrics === true],
    ...policySections.map((section) => [`section ${section}`, policy[section] !== undefined] as const),
  ];
  return used.flatMap(([says, isUsed]) => (isUsed ? [says] : []));
}
