import { MADE_BY } from '../desired/names.ts';
import type { Actual } from '../actual/actual.ts';
import { shellLine } from '../desired/step.ts';

/** A function that is deployed although the policy has no section for it. */
export interface Leftover {
  readonly name: string;
  readonly why: string;
}

/** Those functions without a section that deploy made, and that still run with the policy which they were deployed with. */
export function leftoversOf(
  left: readonly Leftover[],
  { functions }: Pick<Actual, 'functions'>,
): readonly Leftover[] {
  return left.filter(({ name }) => functions.get(name)?.labels[MADE_BY.key] === MADE_BY.value);
}

/**
 * What to do about one. It is named and not removed: removing takes topics, roles and accounts along, which a wrong
 * `--policy` must not do; the teardown shows them and requires confirmation.
 */
export function describeLeftover(
  { name, why }: Leftover,
  place: { readonly policyFile: string; readonly project: string; readonly region: string },
): string {
  const flags = [`--policy=${place.policyFile}`, `--project=${place.project}`, `--region=${place.region}`];
  const command = shellLine(flags).replace(/^gcloud/, `deploy/teardown.sh ${name}`);
  return `${name} is deployed although ${why}, and goes on with the policy that it was deployed with. Remove it: ${command}`;
}
