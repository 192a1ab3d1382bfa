import { messageOf, PermanentError } from './errors.ts';
import { parsePolicy, type Policy } from './policy.ts';
import { createState } from './state.ts';
import type { Api } from './api.ts';
import type { Runtime } from './runtime.ts';

/** The copy that the build puts beside the bundle. */
const BUNDLED = 'costguard.yaml';

/** The text that was read last and what it says: most events find the policy as it was. */
let last: { readonly text: string; readonly policy: Policy } | undefined;

/**
 * Reads the policy in force: the one that the variable `POLICY_URI` names (a file path or `gs://BUCKET/OBJECT`), else the
 * copy beside the bundle. It is read anew for every event, so that a change needs no redeployment.
 * Throws `PolicyError` for a bad policy, {@link PermanentError} when there is none, `OutsideError` when it cannot be had.
 */
export async function loadPolicy(runtime: Runtime, api: Api): Promise<Policy> {
  const text = await readPolicy(runtime, api, runtime.environment['POLICY_URI'] ?? BUNDLED);
  if (last?.text !== text) last = { text, policy: parsePolicy(text) };
  return last.policy;
}

async function readPolicy(runtime: Runtime, api: Api, uri: string): Promise<string> {
  if (!uri.startsWith('gs://')) {
    try {
      return await runtime.readText(uri);
    } catch (error) {
      throw new PermanentError(`Cannot read the policy "${uri}": ${messageOf(error)}`, { cause: error });
    }
  }
  const [, bucket, object] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (bucket === undefined || object === undefined)
    throw new PermanentError(
      `Cannot read the policy "${uri}": POLICY_URI is a file path or gs://BUCKET/OBJECT`,
    );
  const stored = await createState({ api, bucket }).read(object);
  if (stored === undefined)
    throw new PermanentError(`Cannot read the policy "${uri}": there is no such object`);
  return stored.text;
}
