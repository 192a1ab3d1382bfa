import { isServiceDisabled, GoogleApiError } from '../../shared/google/google-api-error.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { missingOnServiceAccount } from '../../shared/preflight/permissions.ts';
import { readDeployedModel } from '../../shared/google/vertex/deployment.ts';
import type { EndpointItem } from './bring-back/endpoint.ts';

const ACT_AS = 'iam.serviceAccounts.actAs';

/** The service accounts that an endpoint's models run as. */
export function accountsOf({ models }: EndpointItem): readonly string[] {
  const accounts = models.map((model) => readDeployedModel(model).serviceAccount);
  return [...new Set(accounts.filter((account) => account !== undefined))].sort();
}

/**
 * What keeps the models of an endpoint from coming back: the accounts that they run as and that this function may not act as,
 * each with the command that changes it. Empty when nothing does.
 */
export async function blockersOf(context: EventContext, item: EndpointItem): Promise<readonly string[]> {
  const blockers: string[] = [];
  for (const account of accountsOf(item)) {
    const models = item.models
      .map(readDeployedModel)
      .filter(({ serviceAccount }) => serviceAccount === account)
      .map(({ displayName }) => displayName)
      .join(', ');
    try {
      const missing = await missingOnServiceAccount(context.api, account, [ACT_AS]);
      if (missing.length > 0)
        blockers.push(
          `${models} would not come back: it runs as ${account}; ${await remedy(context, account)}`,
        );
    } catch (error) {
      if (!(error instanceof GoogleApiError)) throw error;
      const why = error.status === 404 ? 'that account does not exist' : error.message;
      blockers.push(
        isServiceDisabled(error)
          ? `whether ${models} comes back as ${account} is not known: the IAM API is off: gcloud services enable iam.googleapis.com`
          : `whether ${models} comes back as ${account} is not known: ${why}`,
      );
    }
  }
  return blockers;
}

/** A refusal for the model's service account, with the command that changes it; any other error as it is. */
export async function withRemedy(
  error: unknown,
  account: string | undefined,
  context: EventContext,
): Promise<unknown> {
  if (account === undefined || !(error instanceof GoogleApiError) || error.status !== 403) return error;
  if (!error.message.includes(ACT_AS)) return error;
  return new Error(`${error.message}; ${await remedy(context, account)}`, { cause: error });
}

async function remedy({ runtime }: EventContext, account: string): Promise<string> {
  // A project of a domain, `example.com:ops`, comes reversed in addresses.
  const host = (await runtime.ownProject()).split(':').reverse().join('.');
  const own = `${runtime.functionName}@${host}.iam.gserviceaccount.com`;
  return `name it in budgets.modelAccounts and deploy, or run: gcloud iam service-accounts add-iam-policy-binding ${account} --member=serviceAccount:${own} --role=roles/iam.serviceAccountUser --condition=None`;
}
