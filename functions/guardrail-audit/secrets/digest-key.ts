import { createHmac } from 'node:crypto';
import { PermanentError } from '../../../shared/errors.ts';
import { Conflict, type State } from '../../../shared/state/state.ts';
import type { DigestOf } from './scan.ts';

const NAME = 'guardrail-audit/digest-key';

/** What `newId` makes is longer. An object that was emptied or cut off would be a key that anyone can guess. */
const MIN_LENGTH = 16;

/** Damaged ones after which it takes a person. */
const MAX_KEYS = 5;

/**
 * The keyed hash by which two findings of the same secret are told. Its key is made once and kept in the state bucket, so that
 * digests can be compared from run to run; without a bucket it is another one each time. A reader who has a digest and not the key
 * cannot try values out.
 */
export async function openDigest(state: State | undefined, newKey: () => string): Promise<DigestOf> {
  const key = state === undefined ? newKey() : await keptKey(state, newKey);
  return (value) => createHmac('sha256', key).update(value).digest('hex');
}

/** Tells one key from another, and nothing of the key. */
export function nameKey(digestOf: DigestOf): string {
  return digestOf('the name of this key').slice(0, 8);
}

/** The first key that is whole. The function may only add objects: a damaged one stays, and the next name is taken. */
async function keptKey(state: State, newKey: () => string): Promise<string> {
  for (let attempt = 1; attempt <= MAX_KEYS; attempt++) {
    const name = attempt === 1 ? NAME : `${NAME}-${attempt}`;
    const key = (await state.read(name))?.text ?? (await addKey(state, name, newKey()));
    if (key.trim().length >= MIN_LENGTH) return key;
  }
  const place = `gs://${state.bucket}/${NAME}`;
  throw new PermanentError(
    `Cannot tell secrets apart: the keys ${place} and ${place}-2 to -${MAX_KEYS} are shorter than ${MIN_LENGTH} characters. ` +
      `Bring back an earlier version of one, or have a new key made: gcloud storage rm "${place}*"`,
  );
}

async function addKey(state: State, name: string, made: string): Promise<string> {
  try {
    await state.write(name, made, { ifGeneration: '0' });
    return made;
  } catch (error) {
    // Another audit made one at the same moment.
    if (!(error instanceof Conflict)) throw error;
    return (await state.read(name))?.text ?? made;
  }
}
