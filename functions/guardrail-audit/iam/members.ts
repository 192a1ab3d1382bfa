/** What a member of an allow policy is. */
export type MemberKind =
  'person' | 'group' | 'service-account' | 'google-agent' | 'everyone' | 'deleted' | 'other';

/** Service agents, and the accounts that Google makes for a service: their roles are Google's, and their keys too. */
const AGENT =
  /^service-\d{6,}@|@cloudservices\.gserviceaccount\.com$|@gcp-sa-[a-z0-9-]+\.iam\.gserviceaccount\.com$/;

const DEFAULT_COMPUTE = /^\d+-compute@developer\.gserviceaccount\.com$/;

export function kindOf(member: string): MemberKind {
  if (member === 'allUsers' || member === 'allAuthenticatedUsers') return 'everyone';
  if (member.startsWith('deleted:')) return 'deleted';
  if (member.startsWith('user:')) return 'person';
  if (member.startsWith('group:') || member.startsWith('domain:')) return 'group';
  if (!member.startsWith('serviceAccount:')) return 'other';
  return isGoogleAgent(emailOf(member)) ? 'google-agent' : 'service-account';
}

/** The e-mail address of `serviceAccount:E`. */
export function emailOf(member: string): string {
  return member.replace(/^\w+:/, '');
}

/** Whether Google made the account for one of its services and manages it. */
export function isGoogleAgent(email: string): boolean {
  return AGENT.test(email);
}

/** `NUMBER-compute@developer.gserviceaccount.com`: what runs as nothing else runs as it. */
export function isDefaultCompute(email: string): boolean {
  return DEFAULT_COMPUTE.test(email);
}

/** The project that a service account belongs to, by its address; undefined for Google's own. */
export function homeOf(email: string): string | undefined {
  return /^[^@]+@([a-z][a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1];
}
