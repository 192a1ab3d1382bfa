import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LOAD_RULES } from './architecture-load.ts';
import { RULES as ROOM_RULES } from './architecture-rules.ts';
import { SIZE_RULES } from './architecture-sizes.ts';

const ROOT = join(import.meta.dirname, '..');
const RULES = { ...ROOM_RULES, ...SIZE_RULES, ...LOAD_RULES };

const tree = new Map(
  globSync(['functions/**/*.ts', 'shared/**/*.ts', 'deploy/**/*.ts', 'test/**/*.ts'], { cwd: ROOT })
    .sort()
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const),
);

test('there are sources to look at', () => {
  for (const folder of ['functions/', 'shared/google/', 'deploy/plan/', 'test/sandbox/'])
    expect([...tree.keys()].some((file) => file.startsWith(folder))).toBe(true);
});

describe('the house', () => {
  for (const [name, rule] of Object.entries(RULES))
    test(name, () => {
      expect(rule(tree)).toEqual([]);
    });
});

const CLIENT = "import { notebooksClient } from './clients/notebooks.ts';";

/** How else than by `changeState` a change might be sent, or a permit be made. */
const OTHER_WAYS: readonly (readonly [string, string])[] = [
  // By the identity itself.
  ['functions/a/act.ts', 'await api.auth.request(options);'],
  ['functions/a/act.ts', "await runtime.auth['fetch'](url, init);"],
  ['functions/a/act.ts', "await api['auth'].request(options);"],
  ['functions/a/act.ts', 'const { request } = api.auth;'],
  ['functions/a/act.ts', 'const identity = api.auth;'],
  ['functions/a/act.ts', 'const { auth: identity } = api;'],
  ['functions/a/act.ts', 'identity = auth;'],
  ['functions/a/act.ts', 'const identityOf = () => auth;'],
  ['functions/a/act.ts', 'function identityOf() { return api.auth; }'],
  ['functions/a/act.ts', "Reflect.get(api.auth, 'request');"],
  ['shared/google/a.ts', 'function send(identity: GoogleAuth, url: string) {}'],
  ['functions/a/act.ts', 'await runtime.fetch(url);'],
  // By what the state and the looks are sent by.
  ['functions/a/act.ts', "await api['exchangeUnpermitted'](n, request);"],
  ['functions/a/act.ts', 'const { exchangeUnpermitted } = api;'],
  ['functions/a/act.ts', 'const send = api.exchangeUnpermitted;'],
  ['shared/state/state.ts', "api.exchangeUnpermitted(n, { method: 'DELETE', url });"],
  ['functions/a/act.ts', "import { createState } from '../../shared/state/state.ts';"],
  // By a client of Google's.
  ['shared/google/a.ts', `${CLIENT} await notebooksClient(api.auth).stop(name, () => undefined);`],
  ['shared/google/a.ts', `${CLIENT} await api.call(n, () => notebooksClient(api.auth).getAndDelete(name));`],
  ['shared/google/a.ts', `${CLIENT} const { call } = api; await call(n, () => notebooksClient(api.auth).get(name));`],
  ['shared/google/a.ts', `${CLIENT} await google.call(n, () => notebooksClient(google.auth).stop(name));`],
  ['shared/google/a.ts', `${CLIENT} const make = notebooksClient;`],
  ['functions/a/act.ts', "import * as all from '../../shared/google/clients/storage.ts'; await all.storageClient(auth).patch();"],
  ['functions/a/act.ts', 'await api.call(n, () => client.stop(name), { leaving: () => permit.check() });'],
  ['functions/a/act.ts', 'await runtime.clients.deleteTopic(topic);'],
  ['functions/a/act.ts', 'const { deleteTopic } = runtime.clients;'],
  ['functions/a/act.ts', 'await import(name);'],
  // By a permit of one's own.
  ['functions/a/act.ts', "import { Permit as Mine } from '../../shared/google/change/permit.ts';"],
  ['functions/a/act.ts', "import { type Claim, Permit } from '../../shared/google/change/permit.ts';"],
  ['functions/a/act.ts', "import * as p from '../../shared/google/change/permit.ts'; new p.Permit(check);"],
  ['shared/google/a.ts', "export { Permit as X } from './change/permit.ts';"],
  ['shared/google/a.ts', "export * from './change/permit.ts';"],
  ['functions/a/act.ts', "const { Permit: P } = await import('../../shared/google/change/permit.ts');"],
  ['functions/a/act.ts', "import * as s from '../../shared/state/state.ts'; s.createState(options);"],
  ['shared/run/a.ts', "export { createState as open } from '../state/state.ts';"],
  ['functions/a/act.ts', "const { createState: open } = await import('../../shared/state/state.ts');"],
  ['shared/google/a.ts', "export { notebooksClient as make } from './clients/notebooks.ts';"],
  ['functions/a/act.ts', "const { notebooksClient: make } = await import('../../shared/google/clients/notebooks.ts');"],
]; // prettier-ignore

describe('each rule finds what breaks it, and nothing else', () => {
  const many = (folder: string, count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${folder}/file-${index}.ts`, '']));
  const HALF_SHORT = 'half of the files have at most 80 lines, 95 % at most 220';
  const longFunction = (lines: number): string => `const long = () => {${'\n'.repeat(lines - 1)}};`;
  const filesOf = (lines: readonly number[]): Record<string, string> =>
    Object.fromEntries(
      lines.map((count, index) => [`shared/run/${index}.ts`, `${'\n'.repeat(count - 1)}x;`]),
    );
  const cases: readonly (readonly [string, Record<string, string>, number])[] = [
    ['shared rooms import downward', { 'shared/google/api.ts': "import { x } from '../run/runtime.ts';" }, 1],
    [
      'shared rooms import downward',
      { 'shared/prices/a.ts': "import type { X } from '../policy/policy.ts';" },
      1,
    ],
    ['shared rooms import downward', { 'shared/errors.ts': "export { x } from './google/api.ts';" }, 1],
    [
      'shared rooms import downward',
      { 'shared/run/a.ts': "const { x } = await import('../google/api.ts');" },
      0,
    ],
    [
      'shared rooms import downward',
      { 'shared/state/a.ts': "import { x } from './b.ts'; import y from 'zod';" },
      0,
    ],
    [
      'shared rooms import downward',
      { 'shared/google/a.ts': "import { x } from '../../functions/a/act.ts';" },
      1,
    ],
    [
      'deploy imports downward: commands, plan, actual, desired',
      { 'deploy/actual/a.ts': "import { x } from '../plan/plan.ts';" },
      1,
    ],
    [
      'deploy imports downward: commands, plan, actual, desired',
      { 'deploy/commands/a.ts': "import { x } from '../plan/plan.ts';" },
      0,
    ],
    [
      'deploy imports downward: commands, plan, actual, desired',
      {
        'deploy/bundle/a.ts': "import { x } from '../commands/build.ts';",
        'deploy/prices/a.ts': "import { x } from '../actual/gcloud.ts';",
        'deploy/policy/a.ts': "import { x } from '../plan/plan.ts';",
        'deploy/command-line.ts': "import { x } from './commands/text-table.ts';",
      },
      4,
    ],
    [
      'what tests of two folders share stands in test/support',
      {
        'test/functions/a/x.test.ts': "import { x } from '../b/facts.ts'; import { z } from './z.ts';",
        'test/functions/x.test.ts': "import { x } from './a/facts.ts';",
        'test/deploy/x.test.ts': "import { x } from '../shared/google/api.ts';",
      },
      3,
    ],
    [
      'what tests of two folders share stands in test/support',
      {
        'test/functions/a/b/x.test.ts':
          "import { x } from '../facts.ts'; import { y } from '../../../support/y.ts';",
        'test/bench/x.ts': "import { x } from '../functions/a/facts.ts';",
      },
      0,
    ],
    [
      'labs stand in test/support',
      { 'test/functions/a/lab.ts': '', 'test/shared/google/big-world.ts': '', 'test/support/a-lab.ts': '' },
      2,
    ],
    [
      'test mirrors functions, shared and deploy',
      { 'functions/a/act.ts': '', 'test/functions/a/b/x.test.ts': '', 'test/functions/c/x.test.ts': '' },
      1,
    ],
    [
      'what a file makes of Intl is made when it is first needed',
      {
        'shared/prices/a.ts': "const usd = new Intl.NumberFormat('en-US');",
        'functions/a/decide.ts': "export const NAMES = { of: [new Intl.DisplayNames('en', {})] };",
      },
      2,
    ],
    [
      'what a file makes of Intl is made when it is first needed',
      {
        'shared/prices/a.ts': "const usd = once(() => new Intl.NumberFormat('en-US'));",
        'functions/a/decide.ts': "export function zone() { return new Intl.DateTimeFormat('en'); }",
        'test/a.ts': "const usd = new Intl.NumberFormat('en-US');",
      },
      0,
    ],
    ['shared rooms are known', { 'shared/helpers.ts': '' }, 1],
    ['shared rooms are known', { 'shared/units.ts': '', 'shared/google/api.ts': '' }, 0],
    [
      'functions and shared import nothing of deploy or test',
      { 'functions/a/index.ts': "await import('../../test/sandbox/sandbox.ts');" },
      1,
    ],
    [
      'functions and shared import nothing of deploy or test',
      { 'shared/google/a.ts': "import type { X } from '../../deploy/build.ts';" },
      1,
    ],
    [
      'functions and shared import nothing of deploy or test',
      { 'shared/google/a.ts': "import { X } from 'deploy/test';" },
      0,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      { 'functions/a/act.ts': "await api.request('x', { method: 'POST', url });" },
      1,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      {
        'shared/google/a.ts': 'await api.exchange(name, { method, url }); auth.fetch({ method: verb, url });',
      },
      2,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      { 'shared/resources/a.ts': 'await api.change(name, new Permit(() => undefined), { url });' },
      1,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      {
        'shared/google/a.ts':
          "await api.change(n, permit, { method: 'POST' }); api.request(n, { url, method: 'GET' });",
        'shared/google/change/a.ts': 'new Permit(() => undefined);',
        'shared/preflight/permissions.ts': "api.exchangeUnpermitted(n, { method: 'POST' });",
        'deploy/a.ts': "api.request(n, { method: 'POST' });",
      },
      0,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      { 'functions/a/act.ts': "const one = { method: 'POST', url }; await api.request(n, one);" },
      1,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      { 'shared/google/a.ts': "const one = { method: 'PATCH' }; await api.exchange(n, { ...one, url });" },
      1,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      {
        'shared/google/a.ts':
          'const send = (request: ApiRequest) => api.exchangeUnpermitted(name, request); send({ method: verb });',
      },
      1,
    ],
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      {
        'functions/a/act.ts':
          "await api.call('x', () => notebooksClient(api.auth).stop(name)); await api.call('x', attempt);",
        'functions/b/act.ts':
          "await api.call('x', async () => { const c = client(); await c[verb](name); });",
        'functions/c/act.ts': "await api.call('x', () => storageClient(api.auth).listObjects(bucket));",
        'functions/d/act.ts':
          "await api.call('x', () => runtime.clients.publish(topic, JSON.stringify({})));",
      },
      4,
    ],
    ...OTHER_WAYS.map(
      ([file, text]) =>
        [
          'only changeState permits a change at Google, and only Api.change sends one',
          { [file]: text },
          1,
        ] as const,
    ),
    [
      'only changeState permits a change at Google, and only Api.change sends one',
      {
        'shared/google/a.ts': `${CLIENT}import type { Permit } from './change/permit.ts'; await api.call(n, () => notebooksClient(api.auth).get(name)); await changeByClient(api, n, permit, (leaving) => notebooksClient(auth)[verb](name, leaving));`,
        'functions/a/gather.ts': 'const { api, auth } = look; await getBudget(api, auth, name);',
        'functions/a/act.ts': 'await api.call(n, () => runtime.clients.publish(topic, text));',
        'shared/run/a.ts': "import { createState } from '../state/state.ts';",
        'shared/run/b.ts':
          "import type * as p from '../google/change/permit.ts'; export type { State } from '../state/state.ts';",
      },
      0,
    ],
    [
      'functions and shared load known packages, and what sends where all is sent',
      {
        'functions/a/act.ts':
          "import { request } from 'node:https'; import { execFile } from 'node:child_process';",
        'functions/b/act.ts': "import { fetch } from 'undici'; import { createRequire } from 'node:module';",
        'shared/google/a.ts': "import { connect } from 'node:http2'; import { request } from 'node:http';",
        'shared/google/b.ts': "const { Storage } = await import('@google-cloud/storage');",
        'shared/google/c.ts': "import { GoogleAuth } from 'google-auth-library';",
      },
      8,
    ],
    [
      'functions and shared load known packages, and what sends where all is sent',
      {
        'functions/a/act.ts':
          "import type { ServerResponse } from 'node:http'; import { createHash } from 'node:crypto';",
        'shared/google/clients/a.ts': "import { Storage } from '@google-cloud/storage';",
        'shared/google/a.ts': "import type { GoogleAuth } from 'google-auth-library';",
        'deploy/a.ts': "import { request } from 'node:https';",
      },
      0,
    ],
    ['functions never import each other', { 'functions/a/act.ts': "import { x } from '../b/act.ts';" }, 1],
    ['functions never import each other', { 'functions/a/room/x.ts': "export * from '../../b/act.ts';" }, 1],
    ['functions never import each other', { 'functions/a/room/x.ts': "import { x } from '../act.ts';" }, 0],
    [
      'only shared/google and the runtime name Google’s packages',
      { 'functions/a/act.ts': "import { Storage } from '@google-cloud/storage';" },
      1,
    ],
    [
      'only shared/google and the runtime name Google’s packages',
      { 'shared/state/a.ts': "import type { GoogleAuth } from 'google-auth-library';" },
      1,
    ],
    [
      'only shared/google and the runtime name Google’s packages',
      {
        'shared/google/a.ts': "import { GoogleAuth } from 'google-auth-library';",
        'functions/a/index.ts': "import { http } from '@google-cloud/functions-framework';",
      },
      0,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      {
        'functions/a/decide.ts': "import { x } from './rules/a.ts';",
        'functions/a/rules/a.ts': "import { y } from './b.ts';",
        'functions/a/rules/b.ts':
          "import { z } from '../decide.ts'; import { q } from '../../../shared/google/api.ts';",
      },
      1,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      {
        'functions/a/decide.ts':
          "import { x } from './rules/a.ts'; import { isRestoredSince } from '../../shared/state/restored-since.ts';",
        'functions/a/rules/a.ts': "import type { Api } from '../../../shared/google/api.ts';",
        'functions/a/act.ts': "import { z } from '../../shared/google/api.ts';",
        'shared/state/restored-since.ts': '',
      },
      0,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      { 'shared/state/restored-since.ts': "import { x } from './manifest.ts';" },
      1,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      { 'functions/a/decide.ts': "import { getVm } from '../../shared/google/vms.ts';" },
      1,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      { 'functions/a/decide.ts': "import type { Vm } from '../../shared/google/vms.ts';" },
      0,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      { 'functions/a/decide.ts': "import { type Vm } from '../../shared/google/vms.ts';" },
      0,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      {
        'shared/prices/a.ts': "import { readFileSync } from 'node:fs';",
        'functions/a/decide.ts':
          "import { request } from 'node:https'; import { lookup } from 'node:dns/promises';",
      },
      3,
    ],
    [
      'prices, report, policy, spend and every decide import no effect, also by what they import',
      {
        'shared/report/page-assets.ts': "import { readFileSync } from 'node:fs';",
        'shared/report/a.ts':
          "import type { ServerResponse } from 'node:http'; import { createHash } from 'node:crypto';",
      },
      0,
    ],
    ['gather imports no decision', { 'functions/a/gather.ts': "import { decide } from './decide.ts';" }, 1],
    [
      'gather imports no decision',
      { 'functions/a/gather/b.ts': "import { decide } from '../decide.ts';" },
      1,
    ],
    ['gather imports no decision', { 'functions/a/gather.ts': "import { x } from './facts.ts';" }, 0],
    [
      'act carries out and recomputes nothing',
      { 'functions/a/act.ts': "import { judge } from './decide.ts';" },
      1,
    ],
    [
      'act carries out and recomputes nothing',
      { 'functions/a/act.ts': "import type { Decided } from './decide.ts';" },
      0,
    ],
    [
      'the sandbox imports no product code',
      { 'test/sandbox/a.ts': "import type { P } from '../../shared/policy/policy.ts';" },
      1,
    ],
    [
      'each service of the sandbox has an index and a test',
      {
        'test/sandbox/services/a/index.ts': '',
        'test/sandbox/services/a/routes.ts': '',
        'test/sandbox/services/b/b.test.ts': '',
      },
      2,
    ],
    [
      'each service of the sandbox has an index and a test',
      { 'test/sandbox/services/a/index.ts': '', 'test/sandbox/services/a/b/x.sandbox.test.ts': '' },
      0,
    ],
    ['no function is longer than 60 lines', { 'shared/google/a.ts': longFunction(61) }, 1],
    ['no function is longer than 60 lines', { 'shared/google/a.ts': longFunction(60) }, 0],
    ['no function is longer than 60 lines', { 'deploy/plan/a.ts': longFunction(61) }, 1],
    ['no function is longer than 60 lines', { 'test/sandbox/a.ts': longFunction(61) }, 0],
    [HALF_SHORT, filesOf([81, 81, 10]), 1],
    [HALF_SHORT, filesOf([80, 80, 81]), 0],
    [HALF_SHORT, filesOf([...Array.from({ length: 20 }, () => 10), 221, 221, 221]), 1],
    ['a room holds at most 20 files, a function of more than 12 has rooms', many('shared/report', 21), 1],
    ['a room holds at most 20 files, a function of more than 12 has rooms', many('shared/report', 20), 0],
    ['a room holds at most 20 files, a function of more than 12 has rooms', many('functions/a', 13), 1],
  ];
  for (const [name, files, wanted] of cases)
    test(`${name}: ${wanted === 0 ? 'allowed' : 'refused'} in ${Object.entries(files)[0]?.join(': ').slice(0, 120) ?? ''}`, () => {
      const rule = new Map(Object.entries(RULES)).get(name);
      if (rule === undefined) throw new Error(`Cannot test "${name}": no such rule`);
      expect(rule(new Map(Object.entries(files)))).toHaveLength(wanted);
    });

  test('every rule has a case that it refuses', () => {
    const refused = new Set(cases.filter(([, , wanted]) => wanted > 0).map(([name]) => name));
    expect(Object.keys(RULES).filter((name) => !refused.has(name))).toEqual([]);
  });
});

test('each function has the same files', () => {
  const wanted = ['index.ts', 'function.ts', 'config.ts', 'gather.ts', 'decide.ts', 'act.ts', 'README.md'];
  const folders = readdirSync(join(ROOT, 'functions'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `functions/${name}`);
  expect(folders.length).toBeGreaterThan(0);
  const missing = folders.flatMap((folder) =>
    wanted.map((file) => `${folder}/${file}`).filter((path) => !existsSync(join(ROOT, path))),
  );
  expect(missing).toEqual([]);
});
