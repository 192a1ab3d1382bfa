import * as z from 'zod/mini';
import { GoogleApiError } from '../google/google-api-error.ts';
import { CannotImpersonate } from '../google/impersonate.ts';
import { parseAnswer } from '../google/parse-answer.ts';
import { parsePolicyFor, PolicyError, type Policy } from '../policy/policy.ts';
import { notPassed, orUnknown, pass, type Check, type Inspection } from './check.ts';
import { isMissing } from './is-missing.ts';
import { judgeRightsOfFile } from './rights-of-file.ts';

const place = { id: 'policy-in-force', subject: 'policy' };

/** What the checks are about, and what tells of it. */
export interface PolicyInForce {
  readonly policy: Policy;
  readonly checks: readonly Check[];
}

/**
 * The policy that the switch reads: the object at `POLICY_URI`, read as the switch's own account, whose ladder may need other
 * rights than that of `file`; `file` where it lies beside the switch, or where the object cannot be used, which a check says.
 */
export async function policyInForce(inspection: Inspection, file: Policy): Promise<PolicyInForce> {
  const [, bucket, object] = /^gs:\/\/([^/]+)\/(.+)$/.exec(inspection.options.policyUri ?? '') ?? [];
  if (bucket === undefined || object === undefined) return { policy: file, checks: [] };
  const found = await orUnknown(place, inspection, [], () => readAsSwitch(inspection, file, bucket, object));
  if (!('status' in found)) return found;
  return {
    policy: file,
    checks: [{ ...found, detail: `${found.detail}; all else was checked with the ladder of FILE` }],
  };
}

async function readAsSwitch(
  { switchApi, options }: Inspection,
  file: Policy,
  bucket: string,
  object: string,
): Promise<PolicyInForce | Check> {
  const uri = `gs://${bucket}/${object}`;
  const call = 'storage.objects.get';
  const url = `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(object)}`;
  try {
    const { data } = await switchApi.exchange(call, { url, query: { alt: 'media' }, answer: 'text' });
    const { policy } = parsePolicyFor(parseAnswer(call, z.string(), data), ['budgets']);
    return {
      policy,
      checks: [
        pass(place, `${uri} was read, and all else was checked with its ladder`),
        judgeRightsOfFile(file, policy, uri, options.project),
      ],
    };
  } catch (error) {
    if (error instanceof PolicyError)
      return notPassed(place, 'fail', `${uri} cannot be used: ${error.message}`, [
        `gcloud storage cp ${uri} in-force.yaml`,
        'npm run policy -- in-force.yaml',
      ]);
    if (isMissing(error))
      return notPassed(place, 'fail', `${uri} does not exist`, [`gcloud storage cp POLICY_FILE ${uri}`]);
    const isRefused = error instanceof GoogleApiError && error.status === 403;
    if (!isRefused || error.cause instanceof CannotImpersonate) throw error;
    return notPassed(place, 'fail', `${options.account} may not read ${uri}`, [
      `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=serviceAccount:${options.account} --role=roles/storage.objectViewer`,
    ]);
  }
}
