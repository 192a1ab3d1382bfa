import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import type { Clock } from '../clock.ts';
import type { Route } from '../route.ts';
import type { Projects } from './projects.ts';

const SCOPE = /^https:\/\/www\.googleapis\.com\/auth\//;

const bodySchema = z.strictObject({
  scope: z.array(z.string().regex(SCOPE)).min(1),
  lifetime: z
    .string()
    .regex(/^\d+s$/)
    .default('3600s'),
  delegates: z.array(z.never()).default([]),
});

const MAX_LIFETIME_SECONDS = 3600;

export interface IamCredentialsOptions {
  readonly clock: Clock;
  readonly projects: Projects;
  readonly issueToken: (account: string) => string;
}

/**
 * IAM Service Account Credentials v1: a token of another account, so far without delegates. Service accounts exist in the
 * sandbox wherever their project does; the right to impersonate one is granted on that project.
 * Source: google/iam/credentials/v1/common.proto, GenerateAccessTokenRequest.
 */
export function iamCredentialsService({ clock, projects, issueToken }: IamCredentialsOptions): Route[] {
  return [
    {
      id: 'iamcredentials.projects.serviceAccounts.generateAccessToken',
      host: 'iamcredentials.googleapis.com',
      method: 'POST',
      path: /^\/v1\/projects\/-\/serviceAccounts\/(?<account>[^/:]+):generateAccessToken$/,
      query: [],
      needs: (call) => [
        {
          permission: 'iam.serviceAccounts.getAccessToken',
          on: `projects/${projectOf(call.params['account'] ?? '', projects)}`,
        },
      ],
      handle(call) {
        const body = bodySchema.safeParse(call.json());
        if (!body.success) throw new ApiError('INVALID_ARGUMENT', z.prettifyError(body.error));
        const seconds = Number.parseInt(body.data.lifetime, 10);
        if (seconds < 1 || seconds > MAX_LIFETIME_SECONDS)
          throw new ApiError('INVALID_ARGUMENT', `Invalid lifetime ${body.data.lifetime}.`);
        return {
          body: {
            accessToken: issueToken(call.params['account'] ?? ''),
            expireTime: new Date(clock.now() + seconds * 1_000).toISOString(),
          },
        };
      },
    },
  ];
}

function projectOf(account: string, projects: Projects): string {
  const id = /^[^@]+@([^.]+)\.iam\.gserviceaccount\.com$/.exec(account)?.[1];
  const project = projects.all.find((known) => known.id === id);
  if (project === undefined)
    throw new ApiError('NOT_FOUND', `Not found; Gaia id not found for email ${account}`);
  return project.id;
}
