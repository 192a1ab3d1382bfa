import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { parseAnswer, requireAbout } from '../../../shared/google/parse-answer.ts';
import { createState } from '../../../shared/state/state.ts';
import * as z from 'zod/mini';
import { scriptedApi } from '../../support/scripted-api.ts';

const schema = z.looseObject({ name: z.string() });

describe('parseAnswer', () => {
  for (const [title, answer, retryable, message] of [
    ['204', undefined, true, 'the answer is empty'],
    ['an empty body', '', true, 'the answer is empty'],
    ['null', null, true, 'the answer is empty'],
    ['[]', [], true, 'the answer is empty'],
    ['a page of HTML', '<html>', false, 'the whole answer: it is "<html>", not object'],
    ['a wrong field', { name: 7 }, false, 'name: it is 7, not string'],
  ] as const)
    it(`takes ${title} for a ${retryable ? 'transient' : 'permanent'} failure that names the call`, () => {
      assert.throws(
        () => parseAnswer('a.get', schema, answer),
        (error) =>
          error instanceof GoogleApiError &&
          error.retryable === retryable &&
          error.message === `Cannot call "a.get": unexpected answer: ${message}`,
      );
    });

  for (const name of [undefined, '', 'projects/other'])
    it(`takes an answer about ${name ?? 'nothing'} for a transient failure`, () => {
      assert.throws(
        () => {
          requireAbout('a.get', 'name', name, 'projects/p');
        },
        (error) => error instanceof GoogleApiError && error.retryable,
      );
    });
});

describe('the state bucket', () => {
  const answered = (answer: unknown) => createState({ api: scriptedApi(() => answer).api, bucket: 'b' });
  for (const [title, run, message] of [
    [
      'write',
      () => answered({}).write('x', '{}'),
      'storage.objects.insert": unexpected answer: generation: it is missing, not string',
    ],
  ] as const)
    // prettier-ignore
    it(`names call, field and value where ${title} is answered in another form`, async () => {
      await assert.rejects(run, (error) => {
        assert.ok(error instanceof GoogleApiError && !error.retryable);
        assert.equal(error.message, `Cannot call "${message}`);
        return true;
      });
    });
});
