import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import { readBody } from '../../http/read-body.ts';

export interface PolicyRoutesOptions {
  readonly host: string;
  /** Prefix of the methods' ids, e.g. `iam.projects.serviceAccounts`. */
  readonly id: string;
  /** Prefix of the permissions, e.g. `iam.serviceAccounts`. */
  readonly permission: string;
  /** Source of a regular expression for the resource's path. */
  readonly path: string;
  /** The resource as `Need.on` names it. Throws when it is not there. */
  readonly resourceOf: (call: Call) => string;
  /** Most APIs read a policy by POST; the newer ones by GET. */
  readonly read?: 'GET' | 'POST';
  readonly iam: Iam;
  readonly policies: Policies;
}

const getSchema = z.strictObject({
  options: z.strictObject({ requestedPolicyVersion: z.int().min(0).max(3).optional() }).optional(),
});
const setSchema = z.strictObject({ policy: z.unknown(), updateMask: z.string().optional() });
const testSchema = z.strictObject({ permissions: z.array(z.string()).default([]) });

/** getIamPolicy, setIamPolicy and testIamPermissions of one kind of resource. Source: google/iam/v1/iam_policy.proto. */
export function policyRoutes(options: PolicyRoutesOptions): Route[] {
  const { host, id, permission, path, resourceOf, read = 'POST', iam, policies } = options;
  const needs =
    (verb: string) =>
    (call: Call): readonly Need[] => [{ permission: `${permission}.${verb}`, on: resourceOf(call) }];
  return [
    {
      id: `${id}.getIamPolicy`,
      host,
      method: read,
      path: new RegExp(`^${path}:getIamPolicy$`),
      query: ['options.requestedPolicyVersion'],
      needs: needs('getIamPolicy'),
      handle(call) {
        readBody(getSchema, call);
        return { body: policies.read(resourceOf(call)) };
      },
    },
    {
      id: `${id}.setIamPolicy`,
      host,
      method: 'POST',
      path: new RegExp(`^${path}:setIamPolicy$`),
      query: [],
      needs: needs('setIamPolicy'),
      handle: (call) => ({ body: policies.write(resourceOf(call), readBody(setSchema, call).policy) }),
    },
    {
      id: `${id}.testIamPermissions`,
      host,
      method: 'POST',
      path: new RegExp(`^${path}:testIamPermissions$`),
      query: [],
      needs: () => [],
      handle(call) {
        const on = resourceOf(call);
        const { permissions } = readBody(testSchema, call);
        // "Permissions with wildcards (such as * or storage.*) are not allowed": TestIamPermissionsRequest.
        const wild = permissions.find((requested) => requested.includes('*'));
        if (wild !== undefined)
          throw new ApiError('INVALID_ARGUMENT', `Permission ${wild} has a wildcard, which is not allowed.`);
        const held = permissions.filter((requested) =>
          iam.allows(call.principal, { permission: requested, on }),
        );
        return { body: held.length === 0 ? {} : { permissions: held } };
      },
    },
  ];
}
