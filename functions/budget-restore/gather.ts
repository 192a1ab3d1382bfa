import { messageOf, PermanentError } from '../../shared/errors.ts';
import { noteStrange } from '../../shared/google/read-items.ts';
import type { Gap } from '../../shared/run/receipt.ts';
import { readManifest, type Manifest } from '../../shared/state/manifest.ts';
import type { State } from '../../shared/state/state.ts';
import type { RestoreRequest } from './config.ts';
import { budgetPath } from '../../shared/spend/budget-path.ts';

export interface Gathered {
  readonly manifests: readonly Manifest[];
  /** What is there and cannot be read: what it says was taken away does not come back. */
  readonly unread: readonly Gap[];
}

/** How the manifests of a period are called; `_budget` is the budget's own record. */
const NAME = /^(_budget|[a-z0-9.:-]{4,62})\.json$/;

/** The manifests that a request names, one by one: one that cannot be read does not hide the others. */
export async function gatherManifests(
  state: State,
  { budget, period, project }: RestoreRequest,
): Promise<Gathered> {
  const prefix = `manifests/${budgetPath(budget)}/${period}/`;
  const where = `gs://${state.bucket}/${prefix}`;
  const unread: Gap[] = [];
  const listed = project === undefined ? await state.list(prefix) : undefined;
  noteStrange((gap) => void unread.push(gap), where, listed?.strange ?? []);
  const manifests: Manifest[] = [];
  for (const name of listed?.items ?? [`${prefix}${project ?? ''}.json`]) {
    const [, of] = NAME.exec(name.slice(prefix.length)) ?? [];
    try {
      if (of === undefined)
        throw new PermanentError('it is no manifest: its name is no project id and .json');
      const { manifest, generation } = await readManifest(state, { budget, period, project: of });
      if (generation === '0' && listed !== undefined) throw new PermanentError('it is listed, and not there');
      // The budget's own record has no project behind it and took nothing away.
      if (generation !== '0' && manifest.rungs.some((rung) => (rung.items ?? []).length > 0))
        manifests.push(manifest);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      unread.push({ where: `gs://${state.bucket}/${name}`, why: messageOf(error) });
    }
  }
  return { manifests, unread };
}
