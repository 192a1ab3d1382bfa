import { ApiError } from '../../http/api-error.ts';
import type { Call, Route } from '../../http/route.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { crc32c } from '../storage/crc32c.ts';
import type { SecretSeed } from './seed.ts';

const ACCESS = 'secretmanager.versions.access';

/** Secret Manager v1: reading a version. `latest` is the newest one, in whatever state it is. */
export function secretRoutes({ projects, iam }: { readonly projects: Projects; readonly iam: Iam }): Route[] {
  const secrets = new Map<string, SecretSeed & { readonly number: string }>();
  for (const { id, number, secrets: seeds } of projects.all)
    for (const seed of seeds) {
      const name = `projects/${id}/secrets/${seed.id}`;
      secrets.set(name, { ...seed, number });
      for (const member of seed.accessors)
        iam.bind({ member, role: 'roles/secretmanager.secretAccessor', permissions: [ACCESS], on: name });
    }
  const nameOf = ({ params }: Call): string =>
    `projects/${projects.require(params['project'] ?? '', 'secretmanager')}/secrets/${params['secret'] ?? ''}`;
  return [
    {
      id: 'secretmanager.projects.secrets.versions.access',
      host: 'secretmanager.googleapis.com',
      method: 'GET',
      path: /^\/v1\/projects\/(?<project>[^/]+)\/secrets\/(?<secret>[^/]+)\/versions\/(?<version>[^/:]+):access$/,
      query: [],
      needs: (call) => [{ permission: ACCESS, on: nameOf(call) }],
      handle(call) {
        const { secret = '', version = '' } = call.params;
        const found = secrets.get(nameOf(call));
        const number = version === 'latest' ? (found?.versions.length ?? 0) : Number(version);
        const one = found?.versions[number - 1];
        if (found === undefined || one === undefined)
          throw new ApiError('NOT_FOUND', `Secret Version [${nameOf(call)}/versions/${version}] not found.`);
        const name = `projects/${found.number}/secrets/${secret}/versions/${number}`;
        if (one.state !== 'ENABLED')
          throw new ApiError('FAILED_PRECONDITION', `Secret Version [${name}] is in ${one.state} state.`);
        const data = Buffer.from(one.text);
        const checksum = Buffer.from(crc32c(data), 'base64').readUInt32BE();
        return { body: { name, payload: { data: data.toString('base64'), dataCrc32c: String(checksum) } } };
      },
    },
  ];
}
