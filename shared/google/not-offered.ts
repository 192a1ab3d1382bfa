import { GoogleApiError, isRefusal, isServiceDisabled } from './google-api-error.ts';

/** How Google and its front end say that a region does not have something. Recorded reports differ in status and text. */
const NOT_OFFERED =
  /\b(?:not|isn't|is n't) (?:yet )?(?:supported|available|offered|served|implemented|enabled) (?:in|for|by|at)\b|\bunsupported (?:region|location)\b|\bunimplemented\b/i;

/** Who may not, whatever the region. */
const DENIED =
  /permission|not authori[sz]ed|vpcServiceControls|VPC Service Controls|organization's policy|\bconstraints\//i;

/**
 * Whether an error says that a collection does not exist in a region, so that nothing of it can run there. It says so only
 * where the same call works in another region of the same project, which its caller has to know: otherwise a missing
 * permission or a wrong request could pass for it. When in doubt it does not.
 */
export function isNotOffered(error: unknown): boolean {
  if (!(error instanceof GoogleApiError) || isPerimeterRefusal(error)) return false;
  if (DENIED.test(error.message)) return false;
  // An HTML page of the front end among them: no such method on this host.
  if (error.status === 404 || error.status === 501) return true;
  return (
    (error.status === 400 || error.status === 403) &&
    error.reason !== 'IAM_PERMISSION_DENIED' &&
    error.reason !== 'SERVICE_DISABLED' &&
    NOT_OFFERED.test(error.message)
  );
}

/** Whether a host has no address. A resolver that fails for the moment answers otherwise (EAI_AGAIN). */
export function isUnknownHost(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if ('code' in at && at.code === 'ENOTFOUND') return true;
  return false;
}

/** Whether a service perimeter refused the call: IAM, and so testIamPermissions, may allow it all the same. */
export function isPerimeterRefusal(error: unknown): boolean {
  return (
    error instanceof GoogleApiError &&
    error.status === 403 &&
    (error.reason === 'SECURITY_POLICY_VIOLATED' ||
      /vpcServiceControlsUniqueIdentifier|VPC Service Controls|SECURITY_POLICY_VIOLATED/i.test(error.message))
  );
}

/** The front end refuses so for a project without billing, and older APIs in words alone. */
const BILLING_OFF =
  /\bbilling (?:account .{0,40})?(?:is )?(?:to be enabled|not enabled|disabled)|BILLING_DISABLED/i;

/**
 * Whether Google refused for want of a right that the deployment gives, so that an operator can give it again. An API or billing
 * that is off, a service perimeter and a region that does not offer something are no missing right.
 */
export function isMissingRight(error: unknown): boolean {
  return (
    error instanceof GoogleApiError &&
    isRefusal(error) &&
    !isServiceDisabled(error) &&
    !isPerimeterRefusal(error) &&
    error.reason !== 'BILLING_DISABLED' &&
    !BILLING_OFF.test(error.message) &&
    !isNotOffered(error)
  );
}
