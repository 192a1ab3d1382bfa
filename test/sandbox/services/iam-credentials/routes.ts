import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import type { Route } from '../../http/route.ts';
import type { Tokens } from '../../iam/tokens.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { readBody } from '../../http/read-body.ts';

const SCOPE = /^(?:openid$|https:\/\/www\.googleapis\.com\/auth\/)/;

/** Google's own library for Python sends null where there are none. */
const delegates = z.array(z.never()).nullish();

const accessSchema = z.strictObject({
  scope: z.array(z.string().regex(SCOPE)).min(1),
  lifetime: z
    .string()
    .regex(/^\d+s$/)
    .default('3600s'),
  delegates,
});

const MAX_LIFETIME_SECONDS = 3600;

const identitySchema = z.strictObject({
  audience: z.string().min(1),
  includeEmail: z.boolean().default(false),
  delegates,
});

export interface IamCredentialsOptions {
  readonly clock: Clock;
  readonly projects: Projects;
  readonly tokens: Tokens;
}

/**
 * IAM Service Account Credentials v1: tokens of another account, so far without delegates. Service accounts exist in the
 * sandbox wherever their project does; the right to impersonate one is granted on that project.
 * Source: google/iam/credentials/v1/common.proto, GenerateAccessTokenRequest and GenerateIdTokenRequest.
 */
export function iamCredentialsService({ clock, projects, tokens }: IamCredentialsOptions): Route[] {
  const method = <T>(
    verb: 'generateAccessToken' | 'generateIdToken',
    permission: string,
    schema: z.ZodType<T>,
    answer: (account: string, requested: T) => object,
  ): Route => ({
    id: `iamcredentials.projects.serviceAccounts.${verb}`,
    host: 'iamcredentials.googleapis.com',
    method: 'POST',
    path: new RegExp(`^/v1/projects/-/serviceAccounts/(?<account>[^/:]+):${verb}$`),
    query: [],
    needs: (call) => [{ permission, on: `projects/${projectOf(call.params['account'] ?? '', projects)}` }],
    handle: (call) => ({ body: answer(call.params['account'] ?? '', readBody(schema, call)) }),
  });
  return [
    method(
      'generateAccessToken',
      'iam.serviceAccounts.getAccessToken',
      accessSchema,
      (account, { lifetime }) => {
        const seconds = Number.parseInt(lifetime, 10);
        if (seconds < 1 || seconds > MAX_LIFETIME_SECONDS)
          throw new ApiError('INVALID_ARGUMENT', `Invalid lifetime ${lifetime}.`);
        return {
          accessToken: tokens.issueAccess(account, seconds),
          // Whole seconds: gcloud reads no others.
          expireTime: new Date(clock.now() + seconds * 1_000).toISOString().replace(/\.\d+Z$/, 'Z'),
        };
      },
    ),
    method(
      'generateIdToken',
      'iam.serviceAccounts.getOpenIdToken',
      identitySchema,
      (account, { audience }) => ({ token: tokens.issueIdentity(account, audience) }),
    ),
  ];
}

function projectOf(account: string, projects: Projects): string {
  const id = /^[^@]+@([^.]+)\.iam\.gserviceaccount\.com$/.exec(account)?.[1];
  const project = projects.all.find((known) => known.id === id);
  if (project === undefined)
    throw new ApiError('NOT_FOUND', `Not found; Gaia id not found for email ${account}`);
  return project.id;
}
