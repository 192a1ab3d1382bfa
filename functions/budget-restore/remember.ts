import { backoff } from '../../shared/google/change-state.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { updateManifest, type DeploymentRequest, type Manifest } from '../../shared/state/manifest.ts';
import type { State } from '../../shared/state/state.ts';
import type { RestoreRequest } from './config.ts';
import type { DeploymentJournal } from './endpoint.ts';

type Period = Pick<RestoreRequest, 'budget' | 'period'>;

/** Notes in the manifest what is back, so that nothing is brought back twice. */
export async function remember(
  context: EventContext,
  state: State,
  period: Period,
  project: string,
  back: readonly string[],
): Promise<void> {
  if (back.length === 0) return;
  const nowMs = context.runtime.now().getTime();
  await change(context, state, period, project, (stored) => ({
    ...stored,
    restored: { ...stored.restored, ...Object.fromEntries(back.map((resource) => [resource, nowMs])) },
  }));
}

/** The journal of each endpoint in a project's manifest. What it says then is what this run goes by. */
export function openJournal(
  context: EventContext,
  state: State,
  period: Period,
  manifest: Manifest,
): (endpoint: string) => DeploymentJournal {
  const known = new Map<string, DeploymentRequest>(Object.entries(manifest.deployments ?? {}));
  return (endpoint) => ({
    read: (modelId) => known.get(`${endpoint} ${modelId}`),
    async write(modelId, request) {
      const key = `${endpoint} ${modelId}`;
      await change(context, state, period, manifest.project, ({ deployments = {}, ...stored }) => {
        const others = Object.entries(deployments).filter(([other]) => other !== key);
        const own = request === undefined ? [] : [[key, request] as const];
        return { ...stored, deployments: Object.fromEntries([...others, ...own]) };
      });
      if (request === undefined) known.delete(key);
      else known.set(key, request);
    },
  });
}

async function change(
  { runtime }: EventContext,
  state: State,
  { budget, period }: Period,
  project: string,
  how: (stored: Manifest) => Manifest,
): Promise<void> {
  await updateManifest(
    state,
    { budget, period, project },
    backoff(runtime.sleep, runtime.random, 50, 2_000),
    how,
  );
}
