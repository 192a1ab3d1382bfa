import { readManifest, type Manifest } from '../../shared/state/manifest.ts';
import type { State } from '../../shared/state/state.ts';
import type { RestoreRequest } from './config.ts';

/** The manifests that a request names; empty when nothing was ever taken away. */
export async function gatherManifests(
  state: State,
  { budget, period, project }: RestoreRequest,
): Promise<readonly Manifest[]> {
  const [, account = '', , id = ''] = budget.split('/');
  const prefix = `manifests/${account}/${id}/${period}/`;
  const names = project === undefined ? await state.list(prefix) : [`${prefix}${project}.json`];
  const manifests: Manifest[] = [];
  for (const name of names) {
    const { manifest, generation } = await readManifest(state, {
      budget,
      period,
      project: name.slice(prefix.length).replace(/\.json$/, ''),
    });
    // The budget's own record has no project behind it and took nothing away.
    if (generation !== '0' && manifest.rungs.some((rung) => (rung.items ?? []).length > 0))
      manifests.push(manifest);
  }
  return manifests;
}
