import { describe, expect, it } from 'vitest';
import { openDigest } from '../../../../functions/guardrail-audit/secrets/digest-key.ts';
import { PermanentError } from '../../../../shared/errors.ts';
import { addOnlyBucket } from '../../../support/add-only-bucket.ts';

const KEY = 'guardrail-audit/digest-key';
const MADE = '0001-0000-4000-8000-000000000000';

/** A bucket in which so many keys are damaged. */
function damaged(count: number) {
  const bucket = addOnlyBucket();
  for (let key = 1; key <= count; key++)
    bucket.objects.set(key === 1 ? KEY : `${KEY}-${key}`, { text: 'cut off', atMs: 0 });
  return bucket;
}

describe('the key of digests', () => {
  it.each([0, 1, 4])(
    'is made beside %s damaged ones, and is the same in each audit after that',
    async (count) => {
      const { state, objects } = damaged(count);
      const first = await openDigest(state, () => MADE);
      const second = await openDigest(state, () => 'another-key-that-is-long-enough');
      expect(second('secret')).toBe(first('secret'));
      expect(objects.size).toBe(count + 1);
      expect(objects.get(count === 0 ? KEY : `${KEY}-${count + 1}`)?.text).toBe(MADE);
    },
  );

  it('is one for fifty audits that begin at once', async () => {
    const { state, objects } = damaged(0);
    let made = 0;
    const keys = await Promise.all(
      Array.from({ length: 50 }, () => openDigest(state, () => `${MADE}-${++made}`)),
    );
    expect(new Set(keys.map((digestOf) => digestOf('secret'))).size).toBe(1);
    expect(objects.size).toBe(1);
  });

  it('is not guessed beyond five damaged ones: the error says which they are and what to do', async () => {
    const { state, objects } = damaged(5);
    const opened = openDigest(state, () => MADE);
    await expect(opened).rejects.toThrow(PermanentError);
    await expect(opened).rejects.toThrow(
      `Cannot tell secrets apart: the keys gs://b/${KEY} and gs://b/${KEY}-2 to -5 are shorter than 16 characters. ` +
        `Bring back an earlier version of one, or have a new key made: gcloud storage rm "gs://b/${KEY}*"`,
    );
    expect(objects.size).toBe(5);
    objects.clear();
    await expect(openDigest(state, () => MADE)).resolves.toBeTypeOf('function');
  });
});
