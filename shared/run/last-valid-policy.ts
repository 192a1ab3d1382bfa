import { messageOf } from '../errors.ts';
import { parsePolicyFor, type Policy, type PolicySection } from '../policy/policy.ts';
import { loadPolicy, readBundledPolicy, type LoadedPolicy } from './policy-source.ts';
import { createState } from '../state/state.ts';
import type { Api } from '../google/api.ts';
import type { Log } from './log.ts';
import type { Runtime } from './runtime.ts';

/** In the state bucket; the switch alone writes it, so that what is in it was good for the switch. */
const COPY = 'policy/budget-kill-switch.yaml';

/** `keep`: writes the copy of each good policy and falls back to it; `use`: falls back only. */
export type LastValid = 'keep' | 'use';

interface Place {
  readonly runtime: Runtime;
  readonly api: Api;
  readonly log: Log;
}

/** What this instance saw in the bucket last, and where: the copy is written only when the policy changed. */
const seen = new WeakMap<Runtime, { readonly bucket: string; readonly text: string }>();

/**
 * The policy in force for a guard that must not be disarmed by its own configuration: where the policy at `gs://…` cannot be
 * read or is wrong, the last valid one goes on, and an ERROR says so with each message. Its mode and its ladder go on with
 * it: an enforced policy stays enforced until a valid one says otherwise. Throws what `loadPolicy` throws where there is no
 * copy that can be used, and for a policy that is no object.
 */
export async function loadGuardPolicy(
  { runtime, api, log }: Place,
  sections: readonly PolicySection[],
  lastValid: LastValid,
): Promise<LoadedPolicy> {
  const uri = runtime.environment['POLICY_URI'];
  if (uri?.startsWith('gs://') !== true) return loadPolicy(runtime, api, sections);
  let loaded;
  try {
    loaded = await loadPolicy(runtime, api, sections);
  } catch (error) {
    const fallback = await readCopy({ runtime, api, log }, sections);
    if (fallback === undefined) throw error;
    log(
      'ERROR',
      `${messageOf(error)}; "${uri}" is not in force, the last valid policy goes on (${fallback.from})`,
    );
    return { policy: fallback.policy, ignored: [] };
  }
  if (lastValid === 'keep') await keepCopy({ runtime, api, log }, loaded.policy, loaded.text);
  return loaded;
}

async function keepCopy({ runtime, api, log }: Place, { stateBucket }: Policy, text: string): Promise<void> {
  const before = seen.get(runtime);
  if (stateBucket === undefined || (before?.bucket === stateBucket && before.text === text)) return;
  try {
    const state = createState({ api, bucket: stateBucket });
    const stored = await state.read(COPY);
    // Unconditional: parallel instances read the same policy, and the next message corrects an older one.
    if (stored?.text !== text) await state.write(COPY, text);
    seen.set(runtime, { bucket: stateBucket, text });
  } catch (error) {
    log('ERROR', `Cannot keep a copy of the policy in gs://${stateBucket}: ${messageOf(error)}`);
  }
}

/** Undefined where no copy can be used; what is wrong with one is said. */
async function readCopy(
  { runtime, api, log }: Place,
  sections: readonly PolicySection[],
): Promise<{ readonly policy: Policy; readonly from: string } | undefined> {
  try {
    // The name of the bucket comes from the last policy that this instance could use, else from the one beside the bundle.
    const bucket =
      seen.get(runtime)?.bucket ?? parsePolicyFor(await readBundledPolicy(runtime), []).policy.stateBucket;
    if (bucket === undefined) return undefined;
    const stored = await createState({ api, bucket }).read(COPY);
    if (stored === undefined) return undefined;
    return { policy: parsePolicyFor(stored.text, sections).policy, from: `gs://${bucket}/${COPY}` };
  } catch (error) {
    log('ERROR', `Cannot use the copy of the last valid policy: ${messageOf(error)}`);
    return undefined;
  }
}
