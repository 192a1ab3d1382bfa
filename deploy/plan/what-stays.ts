import { unlinkOnAccount } from '../../shared/preflight/permissions.ts';
import { accountsElsewhere, isFormerRole, otherHolders } from '../actual/own-roles.ts';
import { ownTopic } from '../desired/names.ts';
import { deleteRole } from './role-deletions.ts';
import type { Actual } from '../actual/actual.ts';
import { shellLine } from '../desired/step.ts';
import { policyUriOf } from '../actual/actual-access.ts';
import { mayUnlink } from '../desired/access.ts';
import { followPolicy } from '../desired/follow-policy.ts';
import { billingAccountsOf, type Desired } from '../desired/desired.ts';

/** Roles of older deployments that cannot be deleted, why, and the command that does it once they can. */
export function formerRolesThatStay(desired: Desired, actual: Actual): readonly string[] {
  return desired.functions.flatMap(({ name }) =>
    [...actual.roles].flatMap(([role, { deleted }]) => {
      if (deleted || !isFormerRole(name, role)) return [];
      const others = otherHolders(desired, actual, name, role);
      if (others?.length === 0) return [];
      const why =
        others === undefined ? 'who else holds it cannot be seen' : `it is held by ${others.join(', ')}`;
      return [
        `${role} stays, of an older deployment: ${why}.\nOnce no other installation needs it:\n${shellLine(deleteRole(role).args)}`,
      ];
    }),
  );
}

/** Topics and the bucket on which accounts of other projects are bound: another installation may use them. */
export function usedElsewhere({ project, policy }: Desired, actual: Actual): readonly string[] {
  const receipts = ownTopic(policy.receiptsTopic, project);
  const shared = [
    ...(receipts === undefined ? [] : [`topics/${receipts}`]),
    ...(policy.stateBucket === undefined ? [] : [`gs://${policy.stateBucket}`]),
  ];
  return shared.flatMap((on) => {
    const others = accountsElsewhere(project, actual, on);
    return others.length === 0 ? [] : [`${on} stays: it is used by ${others.join(', ')}.`];
  });
}

/** That the switch may be refused to unlink: of the predefined roles only the far too wide roles/billing.admin has the right. */
export function unlinkMayBeRefused(desired: Desired, actual: Actual): readonly string[] {
  const { project, region, policy, functions } = desired;
  const right = functions.find(({ billingRole }) => billingRole?.permissions.includes(unlinkOnAccount));
  if (right === undefined || !mayUnlink(policy, policyUriOf(actual, right.name))) return [];
  const remedy =
    actual.billingRoles === 'custom'
      ? 'It belongs to no organization, whose custom role would have it: try unlinking on a test project'
      : `A role of the organization has it:\ndeploy/deploy.sh ${right.name} --policy POLICY_FILE --project ${project} --region ${region} --billing-roles custom`;
  return billingAccountsOf(policy).flatMap((on) =>
    actual.organizationOf(on) !== undefined
      ? []
      : [
          `${right.name} gets ${right.settings.billingAccountRole ?? ''} on ${on}, which lacks ${unlinkOnAccount}: Google's pages disagree on whether unlinking takes it.\n${remedy}`,
        ],
  );
}

/** Which functions read another policy than the one given, and which of the two their rights follow. */
export function rightsBesideUri({ policy, functions }: Desired, actual: Actual): readonly string[] {
  return functions.flatMap(({ name, role }) => {
    const uri = policyUriOf(actual, name);
    if (uri === undefined) return [];
    const [used, held] = [undefined, uri].map((from) => followPolicy(policy, name, role, from).permissions);
    const says =
      used?.length === held?.length
        ? 'its rights follow the policy given here all the same'
        : 'it holds the rights of every rung';
    return [`${name} reads its policy at POLICY_URI=${uri}: ${says}.`];
  });
}

/** As comment lines of a plan. */
export function commented(text: string): string {
  return text.replaceAll(/^/gm, '# ');
}
