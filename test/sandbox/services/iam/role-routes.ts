import { z } from 'zod';
import { PREDEFINED_ROLES } from '../../iam/roles.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import { ApiError } from '../../http/api-error.ts';
import { readBody } from '../../http/read-body.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import { roleEtag, type CustomRole, type RoleBook, type RoleFields } from './role-book.ts';

const HOST = 'iam.googleapis.com';
const PARENT = '(?<parent>(?:projects|organizations)/[^/:]+)';
const NAME = '(?<name>(?:projects|organizations)/[^/:]+/roles/[^/:]+)';
const DEFAULT_PAGE_SIZE = 300;
const MAX_PAGE_SIZE = 1_000;

const STAGES = ['ALPHA', 'BETA', 'GA', 'DEPRECATED', 'DISABLED', 'EAP'] as const;

const roleSchema = z.strictObject({
  name: z.string().optional(),
  title: z.string().max(100).optional(),
  description: z.string().max(300).optional(),
  includedPermissions: z.array(z.string()).optional(),
  stage: z.enum(STAGES).optional(),
  etag: z.string().optional(),
  deleted: z.boolean().optional(),
});
const createSchema = z.strictObject({
  roleId: z.string().regex(/^[a-zA-Z0-9_.]{3,64}$/),
  role: roleSchema.default({}),
});
const FIELDS = ['title', 'description', 'includedPermissions', 'stage'] as const;

/** IAM v1: custom roles of projects and organizations. Source: google/iam/admin/v1/iam.proto. */
export function roleRoutes({ roles }: { readonly roles: RoleBook }): Route[] {
  const needs =
    (permission: string) =>
    (call: Call): readonly Need[] => [
      {
        permission: `iam.roles.${permission}`,
        on: parentOf(call.params['parent'] ?? call.params['name'] ?? ''),
      },
    ];
  const name = (call: Call): string => call.params['name'] ?? '';
  return [
    {
      id: 'iam.roles.create',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^/v1/${PARENT}/roles$`),
      query: [],
      needs: needs('create'),
      handle(call) {
        const { roleId, role } = readBody(createSchema, call);
        const made = roles.create(`${call.params['parent'] ?? ''}/roles/${roleId}`, {
          title: role.title ?? roleId,
          description: role.description ?? '',
          includedPermissions: role.includedPermissions ?? [],
          stage: role.stage ?? 'ALPHA',
        });
        return { body: shown(made) };
      },
    },
    {
      id: 'iam.roles.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^/v1/${PARENT}/roles$`),
      query: ['pageSize', 'pageToken', 'view', 'showDeleted'],
      needs: needs('list'),
      handle(call) {
        const all = roles
          .of(call.params['parent'] ?? '')
          .filter(({ deletedMs }) => deletedMs === undefined || call.query.get('showDeleted') === 'true');
        const page = pageOfQuery(all, call.query, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE);
        const full = call.query.get('view') === 'FULL';
        return {
          body: pageAnswer('roles', page, (role) => {
            const { includedPermissions, ...basic } = shown(role);
            return full ? { includedPermissions, ...basic } : basic;
          }),
        };
      },
    },
    {
      id: 'iam.roles.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^/v1/${NAME}$`),
      query: [],
      needs: needs('get'),
      handle: (call) => ({ body: shown(roles.get(name(call))) }),
    },
    {
      id: 'iam.roles.patch',
      host: HOST,
      method: 'PATCH',
      path: new RegExp(`^/v1/${NAME}$`),
      query: ['updateMask'],
      needs: needs('update'),
      handle(call) {
        const { etag, ...role } = readBody(roleSchema, call);
        return { body: shown(roles.update(name(call), changeOf(role, call.query.get('updateMask')), etag)) };
      },
    },
    {
      id: 'iam.roles.delete',
      host: HOST,
      method: 'DELETE',
      path: new RegExp(`^/v1/${NAME}$`),
      query: ['etag'],
      needs: needs('delete'),
      handle: (call) => ({ body: shown(roles.delete(name(call))) }),
    },
    {
      id: 'iam.roles.undelete',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^/v1/${NAME}:undelete$`),
      query: [],
      needs: needs('undelete'),
      handle(call) {
        readBody(z.strictObject({ etag: z.string().optional() }), call);
        return { body: shown(roles.undelete(name(call))) };
      },
    },
    {
      id: 'iam.permissions.queryTestablePermissions',
      host: HOST,
      method: 'POST',
      path: /^\/v1\/permissions:queryTestablePermissions$/,
      query: [],
      needs: () => [],
      handle(call) {
        readBody(
          z.strictObject({
            fullResourceName: z.string(),
            pageSize: z.int().optional(),
            pageToken: z.string().optional(),
          }),
          call,
        );
        const known = new Set(
          Object.values(PREDEFINED_ROLES).flatMap((some) => (some === 'all' ? [] : some)),
        );
        return {
          body: { permissions: [...known].sort().map((permission) => ({ name: permission, stage: 'GA' })) },
        };
      },
    },
  ];
}

/** Without a mask, the fields that the request has. */
function changeOf(role: z.infer<typeof roleSchema>, mask: string | null): Partial<RoleFields> {
  const requested =
    mask === null || mask === '' ? FIELDS.filter((field) => role[field] !== undefined) : mask.split(',');
  const empty: RoleFields = { title: '', description: '', includedPermissions: [], stage: 'ALPHA' };
  return Object.fromEntries(
    requested.map((path) => {
      const field = FIELDS.find(
        (known) => known === path.replace('included_permissions', 'includedPermissions'),
      );
      if (field === undefined) throw new ApiError('INVALID_ARGUMENT', `Invalid field mask path "${path}".`);
      return [field, role[field] ?? empty[field]];
    }),
  );
}

function shown(role: CustomRole): Readonly<Record<string, unknown>> {
  return {
    name: role.name,
    title: role.title,
    ...(role.description === '' ? {} : { description: role.description }),
    includedPermissions: [...role.includedPermissions].sort(),
    stage: role.stage,
    etag: roleEtag(role),
    ...(role.deletedMs === undefined ? {} : { deleted: true }),
  };
}

function parentOf(name: string): string {
  return name.replace(/\/roles\/.*$/, '');
}
