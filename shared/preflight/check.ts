import type { GoogleAuth } from '../google/impersonate.ts';
import type { Api } from '../google/api.ts';
import { messageOf } from '../errors.ts';
import { CannotImpersonate } from '../google/impersonate.ts';
import { isServiceDisabled, GoogleApiError } from '../google/google-api-error.ts';

/** `unknown`: could not be checked. Not the same as fine, and not the same as broken. */
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'unknown';

/** One thing that has to be right for the kill switch to work. */
export interface Check {
  /** Kebab-case, the same in every run, e.g. `budget-thresholds`. */
  readonly id: string;
  /** What was looked at: `policy`, `projects/P`, `projects/P/topics/T`, `gs://B`, `billingAccounts/A[/budgets/B]`. */
  readonly subject: string;
  readonly status: CheckStatus;
  /** One sentence. */
  readonly detail: string;
  /**
   * What remedies it, in order: gcloud commands, each to be run as it stands save for words in capitals, or a step in words
   * where gcloud has no command. Empty when there is nothing to fix.
   */
  readonly remedy: readonly string[];
  /** It did not run: Google did not answer, or the caller may not look. */
  readonly notRun?: true;
}

export interface PreflightOptions {
  /** Id of the operations project, which the switch runs in. */
  readonly project: string;
  /** `projects/P/topics/T`: the one that the switch listens to. */
  readonly topic: string;
  /** The switch's service account. */
  readonly account: string;
  /** The runtime that the switch is deployed on, such as `nodejs24`. */
  readonly runtime: string;
  /** `gs://BUCKET/OBJECT`: its policy, where that lies in a bucket. */
  readonly policyUri?: string;
  /** Full names of the custom roles that deploy.sh binds to the operations project: none of them publishes. */
  readonly ownRoles?: readonly string[];
}

export interface PreflightDeps {
  /** As the caller. */
  readonly api: Api;
  /** As the caller. */
  readonly auth: GoogleAuth;
  /** As the switch's own account, see `impersonate`: what that account may do only it can tell. */
  readonly switchApi: Api;
  readonly now: Date;
}

/** What one group of checks runs with. */
export interface Inspection extends PreflightDeps {
  readonly options: PreflightOptions;
}

type Place = Pick<Check, 'id' | 'subject'>;

export function pass(place: Place, detail: string): Check {
  return { ...place, status: 'pass', detail, remedy: [] };
}

export function notPassed(
  place: Place,
  status: Exclude<CheckStatus, 'pass'>,
  detail: string,
  remedy: readonly string[] = [],
): Check {
  return { ...place, status, detail, remedy };
}

/** Runs a look-up; whatever it throws becomes one `unknown` check. `whenRefused` remedies a 403. */
export async function orUnknown<T>(
  place: Place,
  { options }: Inspection,
  whenRefused: readonly string[],
  look: () => Promise<T>,
): Promise<T | Check> {
  try {
    return await look();
  } catch (error) {
    const remedies = remediesOf(error, options, whenRefused);
    return {
      ...notPassed(place, 'unknown', `could not be checked: ${messageOf(error)}`, remedies),
      notRun: true,
    };
  }
}

/** The reader of the report is not known to it. */
export const YOU = 'user:YOUR_EMAIL';

function remediesOf(
  error: unknown,
  { account, project }: PreflightOptions,
  whenRefused: readonly string[],
): readonly string[] {
  if (!(error instanceof GoogleApiError)) return [];
  const impersonating = error.cause instanceof CannotImpersonate;
  if (isServiceDisabled(error)) {
    const service = impersonating ? 'iamcredentials' : (error.call.split('.')[0] ?? '');
    return [`gcloud services enable ${service}.googleapis.com --project=${project}`];
  }
  if (impersonating && error.status === 404)
    return [
      `gcloud iam service-accounts create ${account.split('@')[0] ?? ''} --project=${account.split(/[@.]/)[1] ?? ''}`,
    ];
  if (error.status !== 403) return [];
  // The caller may not spend the quota of the project that the call names: serviceusage.services.use is missing.
  if (error.reason === 'USER_PROJECT_DENIED' || error.message.includes('serviceusage.services.use'))
    return [
      `gcloud projects add-iam-policy-binding ${project} --member=${YOU} --role=roles/serviceusage.serviceUsageConsumer --condition=None`,
    ];
  return impersonating
    ? [
        `gcloud iam service-accounts add-iam-policy-binding ${account} --project=${project} --member=${YOU} --role=roles/iam.serviceAccountTokenCreator`,
      ]
    : whenRefused;
}

/** Grants a custom role of costguard: made when the account has nothing of it yet, brought up to date otherwise. */
export function roleRemedies(
  role: { readonly id: string; readonly file: string; readonly project: string },
  hasSome: boolean,
  bind: (role: string) => string,
): readonly string[] {
  const write = `gcloud iam roles ${hasSome ? 'update' : 'create'} ${role.id} --project=${role.project} --file=${role.file}`;
  return [write, bind(`projects/${role.project}/roles/${role.id}`)];
}
