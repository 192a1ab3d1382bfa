import pMap from 'p-map';
import * as z from 'zod/mini';
import { listPages } from '../../../shared/google/list-pages.ts';
import { parseAnswer, requireListed } from '../../../shared/google/parse-answer.ts';
import { readItems } from '../../../shared/google/read-items.ts';
import type { AccountFacts, KeyFacts } from '../facts.ts';
import type { Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';
import { ofProject, resourceId } from '../../../shared/google/resource-name.ts';

const HOST = 'https://iam.googleapis.com/v1';
const KEYS_AT_ONCE = 8;

const pageSchema = z.looseObject({ accounts: z.optional(z.unknown()) });
const accountSchema = z.looseObject({
  name: z.optional(z.string()),
  email: z.string(),
  disabled: z.optional(z.boolean()),
});
const keysSchema = z.looseObject({ keys: z.optional(z.unknown()) });
const keySchema = z.looseObject({
  name: z.string(),
  validAfterTime: z.string(),
  validBeforeTime: z.optional(z.string()),
  disabled: z.optional(z.boolean()),
});

/** Needs iam.serviceAccounts.list and iam.serviceAccountKeys.list. */
export function readAccounts(look: Look): Promise<Reading<readonly AccountFacts[]>> {
  return attempt(look, 'the service accounts', async () => {
    const accounts: z.infer<typeof accountSchema>[] = [];
    const gaps: string[] = [];
    const call = 'iam.serviceAccounts.list';
    const path = `projects/${look.projectId}/serviceAccounts`;
    const isOf = ofProject(look.projectId, look.projectNumber);
    const request = { url: `${HOST}/${path}`, query: { pageSize: 100 } };
    for await (const page of listPages(look.api, call, request, pageSchema)) {
      const { items, strange } = readItems(page.accounts, accountSchema, 'accounts');
      for (const { name, email } of items) requireListed(call, isOf, name ?? `${path}/${email}`, `${path}/-`);
      accounts.push(...items);
      gaps.push(...strangeGaps('service accounts', strange));
    }
    const value = await pMap(
      accounts,
      async ({ email, disabled = false }) => ({ email, disabled, keys: await readKeys(look, email) }),
      { concurrency: KEYS_AT_ONCE },
    );
    return { value, gaps };
  });
}

/** Keys that people made; Google rotates its own. */
function readKeys(look: Look, email: string): Promise<Reading<readonly KeyFacts[]>> {
  return attempt(look, `the keys of ${email}`, async () => {
    const call = 'iam.serviceAccountKeys.list';
    const accounts = `projects/${look.projectId}/serviceAccounts`;
    const isOf = ofProject(look.projectId, look.projectNumber);
    const answer = await look.api.request(call, {
      url: `${HOST}/${accounts}/${encodeURIComponent(email)}/keys`,
      query: { keyTypes: 'USER_MANAGED' },
    });
    const { items, strange } = readItems(parseAnswer(call, keysSchema, answer).keys, keySchema, 'keys');
    for (const { name } of items) requireListed(call, isOf, name, `${accounts}/${email}/keys/-`);
    return { value: items.map(toKey), gaps: strangeGaps('keys', strange) };
  });
}

/** What does not expire ends in the year 9999. */
function toKey({
  name,
  validAfterTime,
  validBeforeTime,
  disabled = false,
}: z.infer<typeof keySchema>): KeyFacts {
  const expiresMs = Date.parse(validBeforeTime ?? '');
  const ends = !Number.isNaN(expiresMs) && !/^9999-/.test(validBeforeTime ?? '');
  return {
    id: resourceId(name),
    createdMs: Date.parse(validAfterTime),
    expiresMs: ends ? expiresMs : undefined,
    disabled,
  };
}
