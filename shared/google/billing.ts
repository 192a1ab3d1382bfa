import * as z from 'zod/mini';
import type { Api } from './api.ts';
import type { GoogleAuth } from 'google-auth-library';
import { billingClients } from './clients/billing.ts';
import { parseAnswer, requireAbout } from './parse-answer.ts';

/** How a project is linked to billing. */
export interface BillingLink {
  /** `billingAccounts/A`; undefined when the project is linked to none. */
  readonly account: string | undefined;
  /** False also while the linked account is closed. */
  readonly enabled: boolean;
}

const linkSchema = z.looseObject({
  name: z.nullish(z.string()),
  billingAccountName: z.nullish(z.string()),
  billingEnabled: z.nullish(z.boolean()),
});

/** Reads a project's link. Needs resourcemanager.projects.get on it. Throws `OutsideError`. */
export async function getBillingLink(api: Api, auth: GoogleAuth, projectId: string): Promise<BillingLink> {
  const call = 'cloudbilling.projects.getBillingInfo';
  const answer = await api.call(call, () => billingClients(auth).getBillingInfo(`projects/${projectId}`));
  return readLink(call, projectId, answer);
}

/**
 * Links a project to an account, or unlinks it (`undefined`), and returns what the service then says. This is the one
 * place that writes a project's billing. Trap: an update whose body is empty or misnamed MEANS unlink, so that the field is
 * always spelled out. Not repeated by itself. Needs resourcemanager.projects.deleteBillingAssignment (or createBillingAssignment and
 * billing.resourceAssociations.create). Throws `OutsideError`, FAILED_PRECONDITION when the link is locked.
 * Source: google/cloud/billing/v1/cloud_billing.proto.
 */
export async function setBillingLink(
  api: Api,
  auth: GoogleAuth,
  projectId: string,
  account: string | undefined,
): Promise<BillingLink> {
  const update = { name: `projects/${projectId}`, projectBillingInfo: { billingAccountName: account ?? '' } };
  const call = 'cloudbilling.projects.updateBillingInfo';
  const answer = await api.call(call, () => billingClients(auth).updateBillingInfo(update), { retry: false });
  return readLink(call, projectId, answer);
}

function readLink(call: string, projectId: string, wire: unknown): BillingLink {
  const { name, billingAccountName, billingEnabled } = parseAnswer(call, linkSchema, wire);
  // Without it "linked to no account" would be read out of an empty answer.
  requireAbout(call, 'name', name, `projects/${projectId}/billingInfo`);
  return { account: billingAccountName || undefined, enabled: billingEnabled === true };
}
