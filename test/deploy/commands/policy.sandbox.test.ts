import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { parseDocument } from 'yaml';
import { policyCommand, policySchemaText } from '../../../deploy/commands/policy.ts';
import { parsePolicy, policySections } from '../../../shared/policy/policy.ts';

const deploy = join(import.meta.dirname, '../../../deploy');
const exampleFile = join(deploy, 'costguard.example.yaml');

function runPolicy(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(deploy, 'commands/policy.ts'), ...args],
    {
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

test('policy prints a summary of a usable file and ends with 0', () => {
  const { status, stdout, stderr } = runPolicy(exampleFile);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(
    stdout,
    /costguard\.example\.yaml: ok\n {2}digest {5}[0-9a-f]{12}\n {2}scope {6}projects\/ml-dev\n/,
  );
  assert.match(
    stdout,
    /budgets {4}observe; 50 % notify, 80 % stop-notebooks, 100 % stop-compute, 120 % unlink-billing\n/,
  );
});

test('policy prints every problem of every file, one a line, and ends with 1', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'costguard-policy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const bad = join(folder, 'bad.yaml');
  const missing = join(folder, 'missing.yaml');
  await writeFile(bad, 'mode: on\nnotebooks: {idleAfter: 60}\n');
  const { status, stdout, stderr } = runPolicy(bad, missing, folder, exampleFile);
  assert.equal(status, 1);
  assert.deepEqual(
    stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/; expected .*|, (?:open|read).*/, '')),
    [
      `${bad}: mode: got "on"`,
      `${bad}: scope: missing`,
      `${bad}: notebooks.idleAfter: got 60`,
      `${missing}: (file): cannot be read: ENOENT: no such file or directory`,
      `${folder}: (file): cannot be read: EISDIR: illegal operation on a directory`,
    ],
  );
  assert.match(stdout, /^\S*costguard\.example\.yaml: ok\n/);
});

for (const args of [[], ['--fix', exampleFile], ['--write-schema', exampleFile]]) {
  test(`policy refuses the arguments [${args.map((arg) => arg.replace(/.*\//, '')).join(' ')}] with its usage and 2`, () => {
    const { status, stdout, stderr } = runPolicy(...args);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(
      stderr,
      /^(?:Name a policy file\.|Unknown option '--fix'|--write-schema takes no file\.)\n\nUsage: npm run policy -- FILE/,
    );
  });
}

test('deploy/costguard.schema.json is what the schema generates', async () => {
  const committed = await readFile(join(deploy, 'costguard.schema.json'), 'utf8');
  assert.equal(
    committed,
    await policySchemaText(),
    'stale: run `node deploy/commands/policy.ts --write-schema`',
  );
});

interface JsonSchema {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly items?: JsonSchema | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
}

/** Every key that the schema knows, with the schema of its value; `[]` stands for an item of a list. */
function keysOf(schema: JsonSchema, path = ''): [string, JsonSchema][] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, value]): [string, JsonSchema][] => {
    const keyPath = path === '' ? key : `${path}.${key}`;
    return [[keyPath, value], ...keysOf(value, keyPath)];
  });
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((option) =>
    keysOf(option, path),
  );
  return [...inner, ...options, ...(schema.items ? keysOf(schema.items, `${path}[]`) : [])];
}

async function schemaKeys() {
  // A new key is missed at once, and not only when the file has been written anew.
  const keys = keysOf(JSON.parse(await policySchemaText()) as JsonSchema);
  assert.ok(keys.length > 50);
  return keys;
}

test('the JSON Schema describes every key and lets no unknown one pass', async () => {
  const keys = await schemaKeys();
  assert.deepEqual(
    keys.filter(([, schema]) => schema.description === undefined).map(([path]) => path),
    [],
  );
  const open = keys.filter(
    ([, schema]) => schema.properties !== undefined && schema.additionalProperties !== false,
  );
  assert.deepEqual(
    open.map(([path]) => path),
    [],
  );
});

// What the example has to fill in, since these have no default, or one that its ladder does not allow.
const marked = [
  'scope',
  'state',
  'receipts',
  'notify.channels',
  'notify.ownerLabel',
  'budgets',
  'budgets.mode',
  'budgets.allow',
];

test('the example states the real default of every key that has one', async () => {
  const example = await readFile(exampleFile, 'utf8');
  assert.match(example, /^# yaml-language-server: \$schema=\.\/costguard\.schema\.json\n/);
  const stated = parsePolicy(example);
  const bare = parsePolicy(
    `scope: [projects/ml-dev]\nstate: gs://ml-ops-costguard\nreceipts: ${stated.receiptsTopic ?? ''}\n` +
      `notify: ${JSON.stringify(stated.notify)}\n` +
      policySections
        .filter((section) => section !== 'budgets')
        .map((section) => `${section}:\n`)
        .join('') +
      `budgets: {mode: observe, allow: [${stated.budgets?.allow.join() ?? ''}]}`,
  );
  assert.deepEqual(stated, bare);
});

test('the policy that the example shows as a comment can be copied, and is none by itself', async () => {
  const example = await readFile(exampleFile, 'utf8');
  assert.deepEqual(parsePolicy(example).lifecycle?.policies, []);
  const [before = '', lifecycle = ''] = example.split(/^(?=lifecycle:$)/m);
  const copied = lifecycle.replace(/^ {2}# {3}(?=\S| )/gm, '  ').replace('  policies: []\n', '');
  const policies = parsePolicy(before + copied).lifecycle?.policies;
  assert.deepEqual(
    policies?.map(({ name }) => name),
    ['experiments'],
  );
});

test('the example shows every key outside lists and hours, each with its default as written', async () => {
  const document = parseDocument(await readFile(exampleFile, 'utf8'));
  for (const [path, schema] of await schemaKeys()) {
    if (/\[\]|\.hours\.|\.mode$/.test(path)) continue;
    assert.ok(document.hasIn(path.split('.')), `${path} is not in the example`);
    const isLeaf = schema.properties === undefined;
    if (!isLeaf || marked.includes(path)) continue;
    const value: unknown = document.getIn(path.split('.'));
    assert.deepEqual(JSON.parse(JSON.stringify(value)), schema.default, path);
  }
});

test('policy refuses a rule that deletes everything at once, unless the policy says that it is meant', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'costguard-policy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'all.yaml');
  const policy = (more: string): string =>
    `scope: [projects/ml-dev]\nlifecycle: {policies: [{name: all, rules: [{action: {type: Delete}, condition: {createdBefore: "2999-01-01"}}]${more}}]}\n`;
  const lines: string[] = [];
  const output = { out: (text: string) => lines.push(text), err: (text: string) => lines.push(text) };
  await writeFile(file, policy(''));
  assert.equal(await policyCommand([file], output), 1);
  assert.match(
    lines.join(''),
    /lifecycle\.policies\[0\]\.rules\[0\]: Delete: .* deletes every object at once/,
  );
  lines.length = 0;
  await writeFile(file, policy(', allowDeleteAll: true'));
  assert.equal(await policyCommand([file], output), 0);
  // Permitted, and still the first thing said of the rules.
  assert.match(lines.join(''), /hint {7}lifecycle policy "all": deletes-everything: [^]*no-abort-multipart/);
});
