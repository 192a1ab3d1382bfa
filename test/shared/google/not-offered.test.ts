import { describe, expect, it } from 'vitest';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { isMissingRight } from '../../../shared/google/not-offered.ts';

function refusal(status: number, message: string, reason?: string): GoogleApiError {
  const details = reason === undefined ? [] : [{ reason }];
  return new GoogleApiError(
    'a.b',
    Object.assign(new Error(message), {
      response: { status, data: { error: { code: status, message, details } } },
    }),
  );
}

/** Real texts of Google, with their reasons where the answer has one. */
describe('isMissingRight', () => {
  for (const [status, message, reason] of [
    [401, 'Request had invalid authentication credentials.', 'ACCESS_TOKEN_EXPIRED'],
    [
      403,
      "Permission 'notebooks.instances.list' denied on 'projects/p/locations/-'",
      'IAM_PERMISSION_DENIED',
    ],
    [403, "Required 'compute.instances.list' permission for 'projects/p'", 'forbidden'],
    [403, 'a@b.iam.gserviceaccount.com does not have storage.buckets.list access to the project.', undefined],
  ] as const)
    it(`holds for ${status} ${message}`, () => {
      expect(isMissingRight(refusal(status, message, reason))).toBe(true);
    });

  for (const [status, message, reason] of [
    [403, 'Notebooks API has not been used in project 1 before or it is disabled.', 'SERVICE_DISABLED'],
    [403, 'This API method requires billing to be enabled.', 'BILLING_DISABLED'],
    [403, 'The billing account for the owning project is disabled in state absent', 'accountDisabled'],
    [
      403,
      'Request is prohibited by organization’s policy. vpcServiceControlsUniqueIdentifier: x',
      'SECURITY_POLICY_VIOLATED',
    ],
    [403, 'Workbench is not available in us-east4.', undefined],
    [404, 'The resource was not found.', undefined],
    [503, 'Unavailable', undefined],
  ] as const)
    it(`does not hold for ${status} ${message}`, () => {
      expect(isMissingRight(refusal(status, message, reason))).toBe(false);
    });
});
