/** What Google answers while something that was made a moment ago is not known everywhere yet. It passes by itself. */
export interface Settling {
  /** What is waited for, one phrase. */
  readonly what: string;
  readonly says: RegExp;
  /** Waiting ends after so long. */
  readonly maxMinutes: number;
}

/**
 * Each with the text of a real refusal; nothing else is waited for. A refusal that could also mean that the caller lacks a
 * right is none of them: rights are looked at before anything is made.
 */
export const SETTLING: readonly Settling[] = [
  {
    // terraform-provider-google#3198, core-solution-services#7
    what: 'an API that was just enabled to be known everywhere',
    says: /has not been used in project \S+ before or it is disabled.*if you enabled this API recently/is,
    maxMinutes: 10,
  },
  {
    // generative-ai#944 (policies), firebase-tools#10859 (functions that run as a new account)
    what: 'a new service account to be known everywhere',
    says: /service account \S+ does not exist|service account projects\/\S+ was not found/i,
    maxMinutes: 5,
  },
  {
    // pubsec-declarative-toolkit#608
    what: 'a new role to be known everywhere',
    says: /role \(?\S+?\)? does not exist in the resource's hierarchy/i,
    maxMinutes: 5,
  },
  {
    // firebase-tools#5244
    what: 'the repository of the functions’ images',
    says: /unable to retrieve the repository metadata for/i,
    maxMinutes: 10,
  },
  {
    // terraform-genai-knowledge-base#245, magic-modules#11324, functions/docs/troubleshooting#build-service-account
    what: 'the rights of the account that builds',
    says: /missing permission on the build service account|service account running this build .* does not have permission to write logs|access to bucket gcf-\S+ denied. you must grant storage object viewer/is,
    maxMinutes: 10,
  },
  {
    // terraform-provider-google#25294
    what: 'the rights of Eventarc’s own account',
    says: /if you recently started to use Eventarc, it may take a few minutes/i,
    maxMinutes: 15,
  },
  {
    // run/docs/troubleshooting#image-permission
    what: 'the rights of Cloud Run’s own account',
    says: /if you just enabled the Cloud Run API, the permissions might take a few minutes/i,
    maxMinutes: 10,
  },
  {
    what: 'another change of the same thing to end',
    says: /concurrent policy changes|\bABORTED\b|unable to queue the operation/i,
    maxMinutes: 5,
  },
];

/** Which of them gcloud's complaint is; undefined for what stays as it is. */
export function settlingOf(stderr: string): Settling | undefined {
  return SETTLING.find(({ says }) => says.test(stderr));
}

/** The line of the complaint that says it. */
export function tellingLine(stderr: string, { says }: Settling): string {
  const lines = stderr.trim().split('\n');
  return (lines.find((line) => says.test(line)) ?? lines.at(0) ?? '').trim();
}
