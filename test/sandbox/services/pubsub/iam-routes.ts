import { createRequire } from 'node:module';
import { z } from 'zod';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import { protoRoutes, type Message } from '../../http/proto-service.ts';
import type { Call, Route } from '../../http/route.ts';

// The IAM definitions are the same in every client package; Pub/Sub's own lacks them.
const protos = createRequire(import.meta.url)(
  '@google-cloud/resource-manager/build/protos/protos.json',
) as object;

export interface IamRoutesOptions {
  readonly host: string;
  readonly iam: Iam;
  readonly policies: Policies;
  readonly collection: 'topics' | 'subscriptions';
  /** Throws NOT_FOUND when the resource is not there. */
  readonly find: (name: string) => unknown;
}

/** getIamPolicy, setIamPolicy and testIamPermissions of topics or subscriptions. */
export function iamRoutes(options: IamRoutesOptions): Route[] {
  const { host, iam, policies, collection, find } = options;
  const nameOf = (request: Message): string => {
    const name = String(request['resource']);
    find(name);
    return name;
  };
  const idOf = (method: string): string => `pubsub.projects.${collection}.${method}`;
  const need = (method: string) => (request: Message) => [
    { permission: `pubsub.${collection}.${method}`, on: nameOf(request) },
  ];

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
        handle: (request) => ({ ...policies.read(nameOf(request)) }),
      },
      SetIamPolicy: {
        id: idOf('setIamPolicy'),
        needs: need('setIamPolicy'),
        handle: (request) => ({ ...policies.write(nameOf(request), request['policy']) }),
      },
      TestIamPermissions: {
        id: idOf('testIamPermissions'),
        needs: () => [],
        handle(request, call: Call) {
          const requested = z.array(z.string()).parse(request['permissions'] ?? []);
          return {
            permissions: requested.filter((permission) =>
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
