import { expect, it } from 'vitest';
import { parsedCopy } from '../../../shared/policy/yaml.ts';
import type { Api } from '../../../shared/google/api.ts';
import { loadPolicy } from '../../../shared/run/policy-source.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';

/** A bundled policy is read from files alone. */
const NO_API = {} as Api;

async function scopeOf(
  files: Readonly<Record<string, string>>,
  environment: Runtime['environment'] = {},
): Promise<readonly string[]> {
  const readText = async (path: string): Promise<string> => {
    const text = files[path];
    if (text === undefined) throw new Error(`there is no ${path}`);
    return text;
  };
  const { policy } = await loadPolicy({ environment, readText } as Runtime, NO_API, ['notebooks']);
  return policy.scope;
}

const copyOf = (text: string): string =>
  (parsedCopy(text) ?? '').replace('projects/written', 'projects/copied');

it('takes what the build parsed for the policy beside the bundle', async () => {
  const text = '# matching\nscope: [projects/written]\n';
  expect(await scopeOf({ 'costguard.yaml': text, 'costguard.json': copyOf(text) })).toEqual([
    'projects/copied',
  ]);
});

it('reads a policy that was changed since then, and one that has no copy', async () => {
  const text = '# changed\nscope: [projects/written]\n';
  const copy = copyOf('# before\nscope: [projects/written]\n');
  expect(await scopeOf({ 'costguard.yaml': text, 'costguard.json': copy })).toEqual(['projects/written']);
  expect(await scopeOf({ 'costguard.yaml': `${text}\n` })).toEqual(['projects/written']);
});

it('looks at no copy for a policy that POLICY_URI names', async () => {
  const text = '# named\nscope: [projects/written]\n';
  const files = { '/etc/costguard.yaml': text, 'costguard.json': copyOf(text) };
  expect(await scopeOf(files, { POLICY_URI: '/etc/costguard.yaml' })).toEqual(['projects/written']);
});
