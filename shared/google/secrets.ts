import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { parseAnswer, requireNamed } from './parse-answer.ts';

const answerSchema = z.looseObject({
  name: z.optional(z.string()),
  payload: z.looseObject({ data: z.string() }),
});

/**
 * The text of a secret's version, `projects/P/secrets/S/versions/V`. Needs secretmanager.versions.access on the secret. Throws
 * `GoogleApiError`; no message holds the text.
 */
export async function readSecret(api: Api, version: string): Promise<string> {
  const call = 'secretmanager.versions.access';
  const answer = await api.request(call, {
    url: `https://secretmanager.googleapis.com/v1/${version}:access`,
  });
  const { name, payload } = parseAnswer(call, answerSchema, answer);
  // `latest`, or an alias, is answered with the version's number.
  requireNamed(call, name, /\/\d+$/.test(version) ? version : version.replace(/[^/]*$/, '-'));
  return Buffer.from(payload.data, 'base64').toString('utf8').trim();
}
