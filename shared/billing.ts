import * as z from 'zod/mini';
import type { Api } from './api.ts';
import type { GoogleAuth } from 'google-auth-library';
import { billingClients } from './billing-clients.ts';

/** How a project is linked to billing. */
export interface BillingLink {
  /** `billingAccounts/A`; undefined when the project is linked to none. */
  readonly account: string | undefined;
  /** False also while the linked account is closed. */
  readonly enabled: boolean;
}

const linkSchema = z.looseObject({
  billingAccountName: z.nullish(z.string()),
  billingEnabled: z.nullish(z.boolean()),
});

/** Reads a project's link. Needs resourcemanager.projects.get on it. Throws `OutsideError`. */
export async function getBillingLink(api: Api, auth: GoogleAuth, projectId: string): Promise<BillingLink> {
  return readLink(
    await api.call('cloudbilling.projects.getBillingInfo', () =>
      billingClients(auth).getBillingInfo(`projects/${projectId}`),
    ),
  );
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
  return readLink(
    await api.call(
      'cloudbilling.projects.updateBillingInfo',
      () => billingClients(auth).updateBillingInfo(update),
      { retry: false },
    ),
  );
}

function readLink(wire: unknown): BillingLink {
  const { billingAccountName, billingEnabled } = linkSchema.parse(wire);
  return { account: billingAccountName || undefined, enabled: billingEnabled === true };
}
