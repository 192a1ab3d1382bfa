import { ApiError } from '../http/api-error.ts';

/**
 * What is made is not known everywhere at once in a new project. Each of these is refused as often as the scenario's
 * `settles` says before it works, with the text that Google really answers:
 * - api: terraform-provider-google#3198
 * - account: generative-ai#944
 * - role: pubsec-declarative-toolkit#608
 * - repository: firebase-tools#5244
 * - build: functions/docs/troubleshooting#build-service-account
 * - eventarc: terraform-provider-google#25294
 * How long each takes at Google is not known; minutes are reported.
 */
export type Unsettled = 'api' | 'account' | 'role' | 'repository' | 'build' | 'eventarc';

export interface Settling {
  /** Whether this must be refused once more; `of`: what was made, such as an API or an account. */
  refuses(projectId: string, what: Unsettled, of?: string): boolean;
}

export function createSettling(
  projects: readonly { readonly id: string; readonly settles: number }[],
): Settling {
  const times = new Map(projects.map(({ id, settles }) => [id, settles]));
  const refused = new Map<string, number>();
  return {
    refuses(projectId, what, of = '') {
      const key = `${projectId} ${what} ${of}`;
      const count = refused.get(key) ?? 0;
      if (count >= (times.get(projectId) ?? 0)) return false;
      refused.set(key, count + 1);
      return true;
    },
  };
}

/** The 403 of an API that is not enabled, or was enabled a moment ago: Google does not tell them apart. */
export function serviceDisabled(service: string, projectNumber: string): ApiError {
  const host = `${service}.googleapis.com`;
  return new ApiError(
    'PERMISSION_DENIED',
    `${service} API has not been used in project ${projectNumber} before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/${host}/overview?project=${projectNumber} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`,
    [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'SERVICE_DISABLED',
        domain: 'googleapis.com',
        metadata: { service: host, consumer: `projects/${projectNumber}` },
      },
    ],
  );
}

export const REPOSITORY_UNSETTLED = (projectId: string, location: string): string =>
  `Unable to retrieve the repository metadata for projects/${projectId}/locations/${location}/repositories/gcf-artifacts. Ensure that the Cloud Functions service account has 'artifactregistry.repositories.list' and 'artifactregistry.repositories.get' permissions. You can add the permissions by granting the role 'roles/artifactregistry.reader'.`;

export const BUILD_UNSETTLED =
  "Build failed with status: FAILURE. Could not build the function due to a missing permission on the build service account. If you didn't revoke that permission explicitly, this could be caused by a change in the organization policies.";

export const EVENTARC_UNSETTLED = (trigger: string): string =>
  `Validation failed for trigger ${trigger}: Invalid resource state for "": Permission denied while using the Eventarc Service Agent. If you recently started to use Eventarc, it may take a few minutes before all necessary permissions are propagated to the Service Agent. Otherwise, verify that it has Eventarc Service Agent role.`;
