import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { ApiError } from '../../api-error.ts';
import type { Iam } from '../../iam.ts';
import { protoRoutes, type Message } from '../../proto-service.ts';
import type { Call, Route } from '../../route.ts';

// The IAM definitions are the same in every client package; Pub/Sub's own lacks them.
const protos = createRequire(import.meta.url)(
  '@google-cloud/resource-manager/build/protos/protos.json',
) as object;

const policySchema = z.object({
  bindings: z.array(z.object({ role: z.string(), members: z.array(z.string()).default([]) })).default([]),
  etag: z.string().optional(),
});

/** The permissions of Pub/Sub's predefined roles that methods of the sandbox ask for. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  'roles/pubsub.publisher': ['pubsub.topics.publish'],
  'roles/pubsub.subscriber': ['pubsub.subscriptions.consume', 'pubsub.topics.attachSubscription'],
  'roles/pubsub.viewer': [
    'pubsub.topics.get',
    'pubsub.topics.list',
    'pubsub.subscriptions.get',
    'pubsub.subscriptions.list',
  ],
};

export interface IamRoutesOptions {
  readonly host: string;
  readonly iam: Iam;
  readonly collection: 'topics' | 'subscriptions';
  /** Throws NOT_FOUND when the resource is not there. */
  readonly find: (name: string) => unknown;
}

/**
 * getIamPolicy, setIamPolicy and testIamPermissions of topics or subscriptions. A policy that is set takes effect for the
 * roles above and for custom roles that someone is already bound to in the sandbox.
 */
export function iamRoutes(options: IamRoutesOptions): Route[] {
  const { host, iam, collection, find } = options;
  const policies = new Map<string, Message>();
  const nameOf = (request: Message): string => String(request['resource']);
  const idOf = (method: string): string => `pubsub.projects.${collection}.${method}`;
  const need = (method: string) => (request: Message) => [
    { permission: `pubsub.${collection}.${method}`, on: nameOf(request) },
  ];
  const policyOf = (name: string): Message => {
    find(name);
    return policies.get(name) ?? { etag: 'ACAB' };
  };
  const permissionsOf = (role: string): readonly string[] | 'all' =>
    ROLES[role] ?? iam.bindings.find((binding) => binding.role === role)?.permissions ?? [];

  const setPolicy = (request: Message): Message => {
    const name = nameOf(request);
    const policy = policySchema.parse(request['policy'] ?? {});
    if (policy.etag !== undefined && policy.etag !== policyOf(name)['etag'])
      throw new ApiError(
        'ABORTED',
        'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
      );
    const etag = createHash('sha256')
      .update(JSON.stringify([policy.bindings, policyOf(name)['etag']]))
      .digest('hex')
      .slice(0, 16);
    const before = policySchema
      .parse(policyOf(name))
      .bindings.flatMap(({ role, members }) => members.map((member) => `${role} ${account(member)}`));
    iam.unbind((binding) => binding.on === name && before.includes(`${binding.role} ${binding.member}`));
    for (const { role, members } of policy.bindings)
      for (const member of members)
        iam.bind({ member: account(member), role, permissions: permissionsOf(role), on: name });
    const stored = { version: 1, bindings: policy.bindings, etag };
    policies.set(name, stored);
    return stored;
  };

  const routes = protoRoutes({
    host,
    protos,
    service: 'google.iam.v1.IAMPolicy',
    // Query form of GetPolicyOptions, for the GET below.
    extraQuery: ['options.requestedPolicyVersion'],
    methods: {
      GetIamPolicy: {
        id: idOf('getIamPolicy'),
        needs: need('getIamPolicy'),
        handle: (request) => policyOf(nameOf(request)),
      },
      SetIamPolicy: { id: idOf('setIamPolicy'), needs: need('setIamPolicy'), handle: setPolicy },
      TestIamPermissions: {
        id: idOf('testIamPermissions'),
        needs: () => [],
        handle(request, call: Call) {
          const asked = z.array(z.string()).parse(request['permissions'] ?? []);
          return {
            permissions: asked.filter((permission) =>
              iam.allows(call.principal, { permission, on: nameOf(request) }),
            ),
          };
        },
      },
    },
  });
  // The common IAM definition has POST for all of `/v1/{resource=**}`; Pub/Sub's own has its collection, and GET for reading.
  return routes.map((route): Route => {
    const verb = route.id.split('.').at(-1) ?? '';
    const path = new RegExp(`^/v1/(?<f0>projects/[^/:]+/${collection}/[^/:]+):${verb}$`);
    return verb === 'getIamPolicy' ? { ...route, path, method: 'GET' } : { ...route, path };
  });
}

/** `serviceAccount:a@b` -> `a@b`, as bindings of the sandbox name their members. */
function account(member: string): string {
  return member.replace(/^[A-Za-z]+:/, '');
}
