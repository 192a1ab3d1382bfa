import { accessOf, type Access } from '../desired/access.ts';
import type { Desired } from '../desired/desired.ts';
import type { FunctionSettings } from '../desired/settings.ts';
import type { Actual } from './actual.ts';

/** What the variable POLICY_URI of a deployed function holds: it reads its policy there, and not the one that is deployed with it. */
export function policyUriOf({ functions }: Pick<Actual, 'functions'>, name: string): string | undefined {
  return functions.get(name)?.environment['POLICY_URI'];
}

/** `accessOf` for what is deployed: with the place where each function reads its policy. */
export function actualAccessOf(
  desired: Pick<Desired, 'project' | 'policy'>,
  fn: FunctionSettings,
  actual: Pick<Actual, 'functions' | 'organizationOf'>,
): readonly Access[] {
  return accessOf(desired, fn, actual.organizationOf, policyUriOf(actual, fn.name));
}
