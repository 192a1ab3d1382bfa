import type { HostProject } from './host-project.ts';
import { apply, patientGcloud } from './apply.ts';
import { effectsOf, type Tools } from './command.ts';
import { GcloudFailed } from '../actual/gcloud.ts';
import { planDeploy } from '../plan/plan.ts';
import { planSubscriptions } from '../plan/triggers.ts';
import type { Actual } from '../actual/actual.ts';
import { readDeliveryAgain } from '../actual/read-delivery.ts';
import { readActual } from '../actual/read-actual.ts';
import { blockedRole } from '../actual/role-generations.ts';
import type { Step } from '../desired/step.ts';
import type { Desired } from '../desired/desired.ts';

/**
 * What awaits a name that Google gives is planned anew once the name is there, and everything once a role turns out to be
 * blocked. Returns what is there then.
 */
export async function applyInRounds(
  tools: Tools,
  desired: Desired,
  hostProject: HostProject,
  { actual: before, steps }: { readonly actual: Actual; readonly steps: readonly Step[] },
): Promise<Actual> {
  let actual = before;
  for (let open = steps; open.length > 0;) {
    const now = open.filter(({ awaits }) => awaits !== true);
    if (now.length === 0)
      throw new Error(
        'Cannot finish: the subscriptions that Eventarc makes for the functions cannot be seen yet. Run the same command again in a minute.',
      );
    const blocked = await applyOrBlocked(tools, now);
    if (blocked !== undefined) {
      const blockedRoles = new Set([...actual.blockedRoles, blocked]);
      tools.out(`  ${blocked} was deleted, and its id is blocked for up to 37 days: another one is used\n`);
      actual = { ...(await readActual(tools.gcloud, desired, hostProject)), blockedRoles };
      open = planDeploy(desired, actual);
      continue;
    }
    if (now.length === open.length) break;
    actual = await readDeliveryAgain(patientGcloud(effectsOf(tools)), desired, actual);
    open = planSubscriptions(desired, actual);
  }
  return actual;
}

/** Runs the commands; returns the role that kept them from being run to the end, when that is the reason. */
async function applyOrBlocked(tools: Tools, steps: readonly Step[]): Promise<string | undefined> {
  try {
    await apply(effectsOf(tools), steps);
    return undefined;
  } catch (error) {
    const role = error instanceof GcloudFailed ? blockedRole(error) : undefined;
    if (role === undefined) throw error;
    return role;
  }
}
