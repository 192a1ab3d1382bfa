import type { Policy } from '../policy/policy.ts';
import { notPassed, pass, type Check, type PreflightOptions } from './check.ts';
import { folderOfPolicy } from './state-folders.ts';

/** Whether a function could write the policy that the switch reads; nothing where it is not known to lie in a bucket. Pure. */
export function judgePolicyUri(
  { stateBucket }: Pick<Policy, 'stateBucket'>,
  { policyUri }: Pick<PreflightOptions, 'policyUri'>,
): readonly Check[] {
  if (policyUri === undefined) return [];
  const place = { id: 'policy-uri', subject: 'policy' };
  const folder = folderOfPolicy(policyUri, stateBucket);
  return [
    folder === undefined
      ? pass(place, `${policyUri} is in no folder that a function of costguard writes`)
      : notPassed(
          place,
          'fail',
          `POLICY_URI is ${policyUri}, and functions of costguard write ${folder} there: one of them could replace the policy`,
          [
            `gcloud storage mv ${policyUri} gs://${stateBucket ?? ''}/costguard.yaml`,
            `Set POLICY_URI=gs://${stateBucket ?? ''}/costguard.yaml on the functions`,
          ],
        ),
  ];
}
