import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import { parseCondition } from '../../iam/condition.ts';
import { checkBody } from './body.ts';
import { bucketEtag } from './etag.ts';
import type { StorageState, StoredBucket } from './model.ts';
import { conditionNotMet } from './preconditions.ts';
import { BUCKET, bucketOf, needsOnBucket, type StorageRoute } from './routes.ts';

const policySchema = z.strictObject({
  kind: z.string().optional(),
  resourceId: z.string().optional(),
  etag: z.string().optional(),
  version: z.union([z.literal(0), z.literal(1), z.literal(3)]).default(1),
  bindings: z
    .array(
      z.strictObject({
        role: z.string().regex(/^(roles|projects\/[^/]+\/roles|organizations\/\d+\/roles)\/[\w.]+$/),
        members: z.array(z.string().regex(/^(allUsers|allAuthenticatedUsers|\w+:.+)$/)).min(1),
        condition: z
          .strictObject({ title: z.string(), description: z.string().optional(), expression: z.string() })
          .optional(),
      }),
    )
    .default([]),
});

export function bucketIamRoutes(state: StorageState): StorageRoute[] {
  return [
    {
      id: 'storage.buckets.getIamPolicy',
      method: 'GET',
      path: `${BUCKET}/iam`,
      query: ['optionsRequestedPolicyVersion'],
      needs: needsOnBucket(state, 'storage.buckets.getIamPolicy'),
      handle: (call) => ({ body: policyResource(bucketOf(state, call)) }),
    },
    {
      id: 'storage.buckets.setIamPolicy',
      method: 'PUT',
      path: `${BUCKET}/iam`,
      query: [],
      needs: needsOnBucket(state, 'storage.buckets.setIamPolicy'),
      handle: (call) => {
        const bucket = bucketOf(state, call);
        const { etag, version, bindings } = checkBody(policySchema, call.json());
        if (etag !== undefined && etag !== bucketEtag(bucket.policy.revision)) throw conditionNotMet();
        if (bindings.some((binding) => binding.condition !== undefined) && version !== 3)
          throw new ApiError('INVALID_ARGUMENT', 'Conditional role bindings need policy version 3.');
        for (const { condition } of bindings) {
          if (condition === undefined) continue;
          if (bucket.settings.iamConfiguration?.uniformBucketLevelAccess?.enabled !== true)
            throw new ApiError(
              'INVALID_ARGUMENT',
              'Conditional role bindings need uniform bucket-level access.',
            );
          parseCondition(condition);
        }
        state.setPolicy(bucket, { version, bindings, revision: bucket.policy.revision + 1 });
        return { body: policyResource(bucket) };
      },
    },
    {
      id: 'storage.buckets.testIamPermissions',
      method: 'GET',
      path: `${BUCKET}/iam/testPermissions`,
      query: ['permissions'],
      needs: (call) => {
        bucketOf(state, call);
        return [];
      },
      handle: (call) => {
        const on = `buckets/${bucketOf(state, call).name}`;
        const requested = call.query.getAll('permissions');
        const permissions = requested.filter((permission) =>
          state.allows(call.principal, { permission, on }),
        );
        return {
          body: {
            kind: 'storage#testIamPermissionsResponse',
            ...(permissions.length > 0 && { permissions }),
          },
        };
      },
    },
  ];
}

function policyResource(bucket: StoredBucket): object {
  const { version, bindings, revision } = bucket.policy;
  return {
    kind: 'storage#policy',
    resourceId: `projects/_/buckets/${bucket.name}`,
    version,
    etag: bucketEtag(revision),
    bindings,
  };
}
