import { createHmac } from 'node:crypto';
import { Conflict, type State } from '../../../shared/state/state.ts';
import type { DigestOf } from './scan.ts';

const NAME = 'guardrail-audit/digest-key';

/** What `newId` makes is longer. An object that was emptied or cut off would be a key that anyone can guess. */
const MIN_LENGTH = 16;

/**
 * The keyed hash by which two findings of the same secret are told. Its key is made once and kept in the state bucket, so that
 * digests can be compared from run to run; without a bucket it is another one each time. A reader who has a digest and not the key
 * cannot try values out.
 */
export async function openDigest(state: State | undefined, newKey: () => string): Promise<DigestOf> {
  const key = state === undefined ? newKey() : await keptKey(state, newKey);
  return (value) => createHmac('sha256', key).update(value).digest('hex');
}

async function keptKey(state: State, newKey: () => string): Promise<string> {
  const kept = await state.read(NAME);
  if (kept !== undefined && kept.text.trim().length >= MIN_LENGTH) return kept.text;
  const made = newKey();
  try {
    await state.write(NAME, made, { ifGeneration: kept?.generation ?? '0' });
    return made;
  } catch (error) {
    // Another audit made one at the same moment.
    if (!(error instanceof Conflict)) throw error;
    return (await state.read(NAME))?.text ?? made;
  }
}
