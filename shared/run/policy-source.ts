import { messageOf, PermanentError } from '../errors.ts';
import { parsePolicy, parsePolicyFor, type Policy, type PolicySection } from '../policy/policy.ts';
import type { PolicyProblem } from '../policy/problems.ts';
import { createState } from '../state/state.ts';
import type { Api } from '../google/api.ts';
import type { Runtime } from './runtime.ts';

/** The copy that the build puts beside the bundle. */
const BUNDLED = 'costguard.yaml';

/** What is in that copy, ready parsed. */
const PARSED = 'costguard.json';

/** The text that was read last and what it says: most events find the policy as it was. */
let last: (LoadedPolicy & { readonly text: string; readonly own: string }) | undefined;

/** The text of the copy beside the bundle. */
export function readBundledPolicy(runtime: Runtime): Promise<string> {
  return runtime.readText(BUNDLED);
}

/** `ignored`: what is wrong in sections of other functions. */
export interface LoadedPolicy {
  readonly policy: Policy;
  readonly ignored: readonly PolicyProblem[];
}

/**
 * Reads the policy in force: the one that the variable `POLICY_URI` names (a file path or `gs://BUCKET/OBJECT`), else the
 * copy beside the bundle. It is read anew for every event, so that a change needs no redeployment.
 * With `sections` only these and the common keys have to be right, else the whole file.
 * Throws `PolicyError` for a bad policy, {@link PermanentError} when there is none, `GoogleApiError` when it cannot be had.
 */
export async function loadPolicy(
  runtime: Runtime,
  api: Api,
  sections: readonly PolicySection[] | undefined,
): Promise<LoadedPolicy & { readonly text: string }> {
  const uri = runtime.environment['POLICY_URI'] ?? BUNDLED;
  const text = await readPolicyText(runtime, api, uri);
  const own = sections?.join() ?? 'all';
  if (last?.text === text && last.own === own) return last;
  const copy = uri === BUNDLED ? await readParsed(runtime) : undefined;
  const loaded =
    sections === undefined
      ? { policy: parsePolicy(text, undefined, copy), ignored: [] }
      : parsePolicyFor(text, sections, copy);
  last = { text, own, ...loaded };
  return last;
}

/** Undefined where there is none: it only saves time. */
function readParsed(runtime: Runtime): Promise<string | undefined> {
  return runtime.readText(PARSED).catch(() => undefined);
}

async function readPolicyText(runtime: Runtime, api: Api, uri: string): Promise<string> {
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
