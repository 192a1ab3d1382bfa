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
    ['a page of HTML', '<html>', true, 'the whole answer: it is "<html>", not object'],
    [
      'JSON that was cut off',
      '{"name": "pro',
      true,
      'the whole answer: it is "{\\"name\\": \\"pro", not object',
    ],
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
  for (const [title, answer, says] of [
    ['another form', {}, 'generation: it is missing, not string'],
    ['a page of HTML', '<html>', 'the whole answer: it is "<html>", not object'],
    ['nothing', '', 'the whole answer: it is "", not object'],
  ] as const)
    it(`names call, field and value where a write is answered with ${title}, which another delivery settles`, async () => {
      await assert.rejects(answered(answer).write('x', '{}'), (error) => {
        assert.ok(error instanceof GoogleApiError && error.retryable);
        assert.equal(error.message, `Cannot call "storage.objects.insert": unexpected answer: ${says}`);
        return true;
      });
    });

  it('a read that is answered with a page of a front end, not of the bucket, is worth another delivery, and no text', async () => {
    await assert.rejects(answered('<html>').read('x'), (error) => {
      assert.ok(error instanceof GoogleApiError && error.retryable);
      return true;
    });
  });
});
