import pMap from 'p-map';
import { memoryObject } from '../../functions/lifecycle-enforcer/memory.ts';
import { messageOf } from '../../shared/errors.ts';
import { AT_ONCE, GcloudFailed, isNotFound, type Gcloud } from './gcloud.ts';

/** The function whose rules stay on buckets when it goes. */
const ENFORCER = 'lifecycle-enforcer';

/** More names than anybody reads on a screen; the command shows the rest. */
const MAX_NAMES = 50;

/** Where the enforcer remembers the rules that it wrote, project by project. */
const FOLDER = memoryObject('').name.replace(/[^/]*$/, '');

/**
 * What a teardown leaves on buckets, as lines to print: rules outlive the function that wrote them, and Delete rules go on
 * deleting. `stateBucket` is where the enforcer remembers them. What cannot be read is said, and is no reason to stay.
 */
export async function describeKeptRules(
  gcloud: Gcloud,
  functions: readonly { readonly name: string }[],
  stateBucket: string | undefined,
): Promise<readonly string[]> {
  if (!functions.some(({ name }) => name === ENFORCER)) return [];
  if (stateBucket === undefined)
    return [
      'Lifecycle rules stay on the buckets that have them: without a state bucket nothing tells which.',
    ];
  const folder = `gs://${stateBucket}/${FOLDER}`;
  try {
    const memories = await pMap(await listMemories(gcloud, folder), (url) => readMemory(gcloud, url), {
      concurrency: AT_ONCE,
    });
    const lines = memories.flatMap(describeMemory);
    return lines.length === 0 ? [] : [...lines, HOW_TO_REMOVE];
  } catch (error) {
    return [
      `Lifecycle rules stay on buckets, and ${folder} does not tell on which: ${messageOf(error).split('\n').join(' ')}`,
    ];
  }
}

const HOW_TO_REMOVE =
  'Delete rules among them go on deleting. To take them off before the teardown: `rules: []` in the policy that matches these buckets, deploy.sh, one tick.';

interface Memory {
  readonly project: string;
  readonly url: string;
  readonly buckets: readonly string[];
}

async function listMemories(gcloud: Gcloud, folder: string): Promise<readonly string[]> {
  const args = ['storage', 'ls', `${folder}**`];
  const answer = await gcloud(args);
  if (answer.code === 0) return answer.stdout.split('\n').filter((line) => line.startsWith(folder));
  if (isNotFound(answer.stderr) || /matched no objects/i.test(answer.stderr)) return [];
  throw new GcloudFailed(args, answer);
}

async function readMemory(gcloud: Gcloud, url: string): Promise<Memory> {
  const args = ['storage', 'cat', url];
  const answer = await gcloud(args);
  if (answer.code !== 0) throw new GcloudFailed(args, answer);
  const project = url.replace(/^.*\//, '').replace(/\.json$/, '');
  const records = memoryObject(project).parse(answer.stdout);
  return { project, url, buckets: [...records.keys()].sort() };
}

function describeMemory({ project, url, buckets }: Memory): readonly string[] {
  if (buckets.length === 0) return [];
  const more = buckets.length - MAX_NAMES;
  const names = buckets.slice(0, MAX_NAMES).map((name) => `gs://${name}`);
  const rest = more > 0 ? `, and ${more} more: gcloud storage cat ${url}` : '';
  return [
    `Lifecycle rules of costguard stay on ${buckets.length} buckets of ${project}: ${names.join(', ')}${rest}`,
  ];
}
