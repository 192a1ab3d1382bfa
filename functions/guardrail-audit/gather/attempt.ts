import type { Api } from '../../../shared/google/api.ts';
import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError, isServiceDisabled } from '../../../shared/google/google-api-error.ts';
import type { StrangeItem } from '../../../shared/google/read-items.ts';
import type { DigestOf } from '../secrets/scan.ts';
import type { Read, Reading } from '../reading.ts';

/** What every reader of the audit runs with. */
export interface Look {
  readonly api: Api;
  readonly projectId: string;
  readonly now: Date;
  readonly digestOf: DigestOf;
  /** Told of every failure: those that may pass make an event fail in the end. */
  readonly failed: (error: unknown) => void;
}

/**
 * Reads something. A call that Google refuses or does not answer makes it unread, and nothing else: the other readings go on.
 * `ifDisabled` is what there is while the API is switched off: nothing of its kind; without it that is unread too.
 */
export async function attempt<T>(
  { failed }: Pick<Look, 'failed'>,
  what: string,
  read: () => Promise<Read<T>>,
  ifDisabled?: T,
): Promise<Reading<T>> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    if (ifDisabled !== undefined && isServiceDisabled(error)) return { value: ifDisabled, gaps: [] };
    failed(error);
    return { why: `${what} could not be read: ${messageOf(error)}` };
  }
}

/** Items of another form than documented, as gaps. */
export function strangeGaps(what: string, strange: readonly StrangeItem[]): readonly string[] {
  const [first] = strange;
  if (first === undefined) return [];
  return [
    `${strange.length} of the ${what} have another form than documented, the first at ${first.path}: ${first.why}`,
  ];
}
