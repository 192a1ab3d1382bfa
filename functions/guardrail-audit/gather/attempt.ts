import type { Api } from '../../../shared/google/api.ts';
import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError, isServiceDisabled } from '../../../shared/google/google-api-error.ts';
import type { StrangeItem } from '../../../shared/google/read-items.ts';
import type { DigestOf } from '../secrets/scan.ts';
import type { Read, Reading, Unread } from '../reading.ts';

/** What every reader of the audit runs with. */
export interface Look {
  readonly api: Api;
  readonly projectId: string;
  /** Absent where it is not known. */
  readonly projectNumber?: string;
  readonly now: Date;
  readonly digestOf: DigestOf;
  /** Names the key of digests, where it is kept: those of runs with the same one can be compared. */
  readonly digestKey?: string;
  /** Told of every failure: those that may pass make an event fail in the end. */
  readonly failed: (error: unknown) => void;
}

/** The project that is audited. */
type Audited = Pick<Look, 'projectId' | 'projectNumber'>;

/**
 * Reads something. A call that Google refuses or does not answer makes it unread, and nothing else: the other readings go on.
 * So does an API that is switched off: `services.disable` does not look by default whether the service is used
 * (https://cloud.google.com/service-usage/docs/reference/rest/v1/services/disable), so that VMs, keys and the like may go on, and
 * it may be off in the caller's own project alone.
 */
export async function attempt<T>(
  look: Pick<Look, 'failed'> & Audited,
  what: string,
  read: () => Promise<Read<T>>,
): Promise<Reading<T>> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    look.failed(error);
    const why = `${what} could not be read: ${messageOf(error)}`;
    return unreadBy(
      error,
      isServiceDisabled(error) ? `${why}; what was made before may still be there` : why,
      look,
    );
  }
}

/** Whose API is off is told by the error alone: https://cloud.google.com/apis/design/errors#error_info. In doubt it is another project's. */
export function unreadBy(error: unknown, why: string, { projectId, projectNumber }: Audited): Unread {
  if (!(error instanceof GoogleApiError) || !isServiceDisabled(error)) return { why };
  const { consumer } = error;
  const isHere =
    consumer === `projects/${projectId}` ||
    (projectNumber !== undefined && consumer === `projects/${projectNumber}`);
  return { why, isDisabled: true, ...(isHere ? { isOffHere: true } : {}) };
}

/** Items of another form than documented, as gaps. */
export function strangeGaps(what: string, strange: readonly StrangeItem[]): readonly string[] {
  const [first] = strange;
  if (first === undefined) return [];
  return [
    `${strange.length} of the ${what} have another form than documented, the first at ${first.path}: ${first.why}`,
  ];
}
