import { isUnseen, readJsonIfAny, type Gcloud } from './gcloud.ts';
import { parseList } from './read-answer.ts';
import { functionSchema } from './wire.ts';
import { BILLING_ROLES, type BillingRoles } from '../desired/names.ts';

/**
 * What `--billing-roles` said when the functions were deployed, as they note it: an operator says it once. Custom where
 * nothing notes it, or one of them says so.
 */
export async function readBillingRoles(gcloud: Gcloud, project: string): Promise<BillingRoles> {
  const args = ['functions', 'list', '--v2', '--regions=-', `--project=${project}`];
  // In a new project the API is not enabled yet.
  const answer = await readJsonIfAny(gcloud, args, isUnseen);
  const functions = parseList(args, functionSchema, answer, () => undefined);
  const noted = functions.flatMap((one) => one.serviceConfig?.environmentVariables?.[BILLING_ROLES] ?? []);
  return noted.length > 0 && noted.every((one) => one === 'predefined') ? 'predefined' : 'custom';
}
