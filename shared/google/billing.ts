import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { changeByClient } from './change/change-by-client.ts';
import type { Permit } from './change/permit.ts';
import type { GoogleAuth } from 'google-auth-library';
import { messageOf } from '../errors.ts';
import type { Budget } from './budgets.ts';
import { accountOf, resourceId } from './resource-name.ts';
import { billingClients } from './clients/billing.ts';
import { GoogleApiError } from './google-api-error.ts';
import { CannotImpersonate } from './impersonate.ts';
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

/** Reads a project's link. Needs resourcemanager.projects.get on it. Throws `GoogleApiError`. */
export async function getBillingLink(api: Api, auth: GoogleAuth, projectId: string): Promise<BillingLink> {
  const call = 'cloudbilling.projects.getBillingInfo';
  const answer = await api.call(call, () => billingClients(auth).getBillingInfo(`projects/${projectId}`));
  return readLink(call, projectId, answer);
}

const accountSchema = z.looseObject({
  name: z.nullish(z.string()),
  masterBillingAccount: z.nullish(z.string()),
});

/**
 * The account through which a subaccount is resold, `billingAccounts/A`; undefined for an account that is none. Needs
 * billing.accounts.get on it. Throws `GoogleApiError`. Source: google/cloud/billing/v1/cloud_billing.proto.
 */
export async function getParentAccount(api: Api, account: string): Promise<string | undefined> {
  const call = 'cloudbilling.billingAccounts.get';
  const id = encodeURIComponent(resourceId(account));
  const answer = await api.request(call, {
    url: `https://cloudbilling.googleapis.com/v1/billingAccounts/${id}`,
  });
  const { name, masterBillingAccount } = parseAnswer(call, accountSchema, answer);
  // Without it "no subaccount" would be read out of an empty answer.
  requireAbout(call, 'name', name, account);
  return masterBillingAccount || undefined;
}

/** Whether a budget counts what an account pays for; `unknown` where the account may not be looked at. */
export type PayerVerdict =
  { readonly is: 'counted' } | { readonly is: 'foreign' | 'unknown'; readonly why: string };

/**
 * Judges the account that pays for a project by a budget. A budget counts its own account and all subaccounts of it; where its filter
 * names subaccounts, those alone, and its own account where that is among them. Throws `GoogleApiError` where the account cannot be
 * looked at for the moment. Source: google/cloud/billing/budgets/v1/budget_model.proto.
 */
export async function judgePayer(
  api: Api,
  { name, subaccounts }: Pick<Budget, 'name' | 'subaccounts'>,
  account: string,
): Promise<PayerVerdict> {
  const own = accountOf(name);
  if (subaccounts.includes(account)) return { is: 'counted' };
  if (subaccounts.length > 0) return { is: 'foreign', why: `the filter of the budget does not name it` };
  if (account === own) return { is: 'counted' };
  try {
    const parent = await getParentAccount(api, account);
    return parent === own ? { is: 'counted' } : { is: 'foreign', why: `it is no subaccount of ${own}` };
  } catch (error) {
    if (!isRefusedOrMissing(error)) throw error;
    return {
      is: 'unknown',
      why: `whether it is a subaccount of ${own} cannot be told: ${messageOf(error)}`,
    };
  }
}

function isRefusedOrMissing(error: unknown): boolean {
  return (
    error instanceof GoogleApiError &&
    (error.status === 403 || error.status === 404) &&
    !(error.cause instanceof CannotImpersonate)
  );
}

/**
 * Links a project to an account, or unlinks it (`undefined`), and returns what the service then says. This is the one
 * place that writes a project's billing. Trap: an update whose body is empty or misnamed MEANS unlink, so that the field is
 * always spelled out. Not repeated by itself. Throws `GoogleApiError`, FAILED_PRECONDITION when the link is locked; a refusal names
 * the permissions that Google's pages list, since its own text may name none. They disagree on whether all are needed
 * (https://cloud.google.com/billing/docs/how-to/custom-roles): the deployed roles have them all.
 * Source: google/cloud/billing/v1/cloud_billing.proto.
 */
export async function setBillingLink(
  api: Api,
  auth: GoogleAuth,
  permit: Permit,
  projectId: string,
  account: string | undefined,
): Promise<BillingLink> {
  const update = { name: `projects/${projectId}`, projectBillingInfo: { billingAccountName: account ?? '' } };
  const call = 'cloudbilling.projects.updateBillingInfo';
  try {
    const answer = await changeByClient(api, call, permit, (leaving) =>
      billingClients(auth).updateBillingInfo(update, leaving),
    );
    return readLink(call, projectId, answer);
  } catch (error) {
    if (!(error instanceof GoogleApiError) || error.status !== 403) throw error;
    throw new GoogleApiError(error.call, error.cause, account === undefined ? UNLINK_TAKES : LINK_TAKES);
  }
}

const UNLINK_TAKES =
  'unlinking takes resourcemanager.projects.deleteBillingAssignment on the project, and may take ' +
  'billing.resourceAssociations.delete on its billing account (deploy.sh --billing-roles custom)';
const LINK_TAKES =
  'linking takes resourcemanager.projects.createBillingAssignment on the project and billing.resourceAssociations.create on the ' +
  'billing account, and may take serviceusage.services.list and serviceusage.effectivepolicy.get on the project';

function readLink(call: string, projectId: string, wire: unknown): BillingLink {
  const { name, billingAccountName, billingEnabled } = parseAnswer(call, linkSchema, wire);
  // Without it "linked to no account" would be read out of an empty answer.
  requireAbout(call, 'name', name, `projects/${projectId}/billingInfo`);
  return { account: billingAccountName || undefined, enabled: billingEnabled === true };
}
