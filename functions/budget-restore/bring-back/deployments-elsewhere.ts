import { matchModels } from '../../../shared/google/vertex/match-models.ts';
import type { DeployedModel } from '../../../shared/google/vertex/vertex.ts';
import type { Holder } from '../../../shared/state/holders.ts';
import { deploymentKey, readManifest, type DeploymentRequest } from '../../../shared/state/manifest.ts';
import type { State } from '../../../shared/state/state.ts';
import type { EndpointItem } from './endpoint.ts';

/** A deployment that a restore of another budget or period requested and that is not known to be done. */
export interface ElsewhereRequest {
  readonly request: DeploymentRequest;
  /** Budget and period. */
  readonly whose: string;
}

/**
 * What the manifests that hold an endpoint as well say of a model of it now: their restores may be at work meanwhile. Throws
 * `GoogleApiError`, and `PermanentError` where one of them cannot be read.
 */
export async function deploymentsElsewhere(
  state: State,
  held: readonly Holder[],
  item: EndpointItem,
  model: DeployedModel,
): Promise<readonly ElsewhereRequest[]> {
  const found: ElsewhereRequest[] = [];
  for (const { item: other, manifest: known } of held) {
    if (other.kind !== 'endpoint' || other.resource !== item.resource) continue;
    // After a raise the same model may be in each under an id of its own.
    const id = matchModels(item.models, other.models).present.get(model.id);
    if (id === undefined) continue;
    const { manifest } = await readManifest(state, known);
    const request = manifest.deployments?.[deploymentKey(item.resource, id)];
    if (request !== undefined)
      found.push({ request, whose: `${manifest.budget}, period ${manifest.period}` });
  }
  return found;
}
