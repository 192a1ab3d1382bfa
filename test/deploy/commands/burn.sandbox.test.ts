import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { burnCommand } from '../../../deploy/commands/burn.ts';
import { NotSignedIn } from '../../../deploy/commands/sign-in.ts';
import { watchRequests } from '../../../functions/spend-watch/function.ts';
import { handleRequest } from '../../../shared/run/handle-request.ts';
import { ledgerObject } from '../../../shared/spend/ledger.ts';
import { RUNAWAY } from '../../support/budget-lab.ts';
import { withHttpFunction } from '../../support/in-process.ts';
import { OPERATIONS } from '../../support/lab.ts';
import { countsOf } from '../../support/observe.ts';
import { watchPolicy, withWatch, writeState, type Watch } from '../../support/watch-lab.ts';

const POLICY = watchPolicy();
const ARGS = ['--project', RUNAWAY, '--ops', OPERATIONS] as const;

/** In a folder whose costguard.yaml is `policy`; with null it has none. */
async function runWith({ sandbox, instance }: Watch, policy: string | null, ...args: readonly string[]) {
  const folder = mkdtempSync(join(sandbox.folder, 'burn-'));
  if (policy !== null) writeFileSync(join(folder, 'costguard.yaml'), policy);
  const said = { out: '', err: '' };
  const code = await burnCommand(args, instance.runtime, {
    folder,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said, folder };
}

const run = (watch: Watch, ...args: readonly string[]) => runWith(watch, POLICY, ...args);

describe('npm run burn', () => {
  it('tells what the last look saw, of a project and of the whole scope, as a table, JSON, metrics and page', () =>
    withWatch(POLICY, async (watch) => {
      await watch.look();
      const { usdPerHour } = await watch.look(5);
      const rounded = Math.round(usdPerHour * 100) / 100;
      const table = await run(watch, ...ARGS);
      expect({ code: table.code, err: table.err }).toEqual({ code: 0, err: '' });
      expect(table.out).toMatch(/^ {2}Burn an hour +\$/m);
      expect(table.out).toContain(` $${rounded.toFixed(2)} `);
      expect(table.out).toContain(`    projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`);
      expect(table.out).toContain('≥ 0.1 h  endpoint, endpoint ranking');
      expect(table.out.replace(/\s+/g, ' ')).toContain(
        `none of its messages has reached the kill switch yet; whether it covers ${RUNAWAY} is not known`,
      );
      const scope = await run(watch, '--ops', OPERATIONS, '--format', 'json');
      expect(JSON.parse(scope.out)).toMatchObject({ total: { burnUsdPerHour: { expected: rounded } } });
      const metrics = await run(watch, ...ARGS, '--format', 'openmetrics');
      expect(metrics.out).toContain(`{project="${RUNAWAY}",bound="expected"} ${rounded}\n`);
      const file = join(table.folder, 'burn.html');
      expect(await run(watch, ...ARGS, '--format', 'html', '--out', file)).toMatchObject({
        code: 0,
        out: '',
      });
      expect(readFileSync(file, 'utf8')).toContain(`value="${rounded}"`);
    }));

  it('tells the same as GET of the function', () =>
    withWatch(POLICY, async (watch) => {
      await watch.look();
      await withHttpFunction(
        (request, response) => handleRequest(watch.instance.runtime, request, response, watchRequests),
        async (url) => {
          const got = await fetch(`${url}/?project=${RUNAWAY}`, { headers: { accept: 'application/json' } });
          const { out } = await run(watch, ...ARGS, '--format', 'json');
          expect(JSON.parse(out)).toEqual(await got.json());
        },
      );
    }));

  it('looks at no project and writes nothing', () =>
    withWatch(POLICY, async (watch) => {
      await watch.look();
      watch.sandbox.callLog.clear();
      await run(watch, ...ARGS);
      const made = Object.keys(countsOf(watch.sandbox.callLog.calls()));
      expect(made.filter((call) => !/^(storage\.objects\.get|.*projects\.get)$/.test(call))).toEqual([]);
    }));

  it.each([
    ['there is none', undefined, 'there is no ledger yet'],
    ['it is damaged', '{"version":1', 'the ledger is damaged: it is not JSON'],
    ['a later version wrote it', '{"version":2}', 'this costguard knows 1'],
  ])('calls the burn unknown, with exit code 1, where the ledger cannot be used: %s', (_, ledger, why) =>
    withWatch(POLICY, async (watch) => {
      if (ledger !== undefined) await writeState(watch.sandbox, ledgerObject(RUNAWAY), ledger);
      const { code, out } = await run(watch, ...ARGS);
      expect(code).toBe(1);
      expect(out).toMatch(/Burn an hour +unknown/);
      expect(out.replace(/\s+/g, ' ')).toContain(why);
      expect(out).not.toContain('$');
    }),
  );

  it('says that the state bucket may not be read', () =>
    withWatch(POLICY, async (watch) => {
      await watch.look();
      watch.sandbox.faults.add({ route: 'storage.objects.get', fault: { kind: 'status', status: 403 } });
      const { code, out } = await run(watch, ...ARGS);
      expect(code).toBe(1);
      expect(out.replace(/\s+/g, ' ')).toMatch(/the ledger cannot be read: .*403/);
      expect(out).not.toContain('$');
    }));

  it.each([
    ['no policy', null, ARGS, /^There is no costguard.yaml here: name the policy, npm run burn -- FILE$/],
    ['no section', 'scope: [projects/ml-runaway]\n', ARGS, /^costguard.yaml: watch: the section is missing/],
    ['no state bucket', 'scope: [projects/ml-runaway]\nwatch:\n', ARGS, /state/],
    ['no operations project', POLICY, [], /^Name the operations project: --ops OPS\./],
    ['outside of the scope', POLICY, ['--project', 'ml-other'], /outside the policy’s scope/],
  ])('says what is wrong in one line, with exit code 2: %s', (_, policy, args, line) =>
    withWatch(POLICY, async (watch) => {
      const { code, out, err } = await runWith(watch, policy, ...args);
      expect({ code, out }, err).toEqual({ code: 2, out: '' });
      expect(err.trimEnd().split('\n')).toHaveLength(1);
      expect(err.trimEnd()).toMatch(line);
    }),
  );

  it('ends with exit code 3 where no user is signed in', () =>
    withWatch(POLICY, async ({ sandbox, instance }) => {
      const file = join(sandbox.folder, 'policy.yaml');
      writeFileSync(file, POLICY);
      let said = '';
      const code = await burnCommand([file, ...ARGS], instance.runtime, {
        out: () => undefined,
        err: (text) => void (said += text),
        signIn: () => Promise.reject(new NotSignedIn('Not signed in: no credentials')),
      });
      expect({ code, said }).toEqual({ code: 3, said: 'Not signed in: no credentials\n' });
    }));

  it.each([
    [['a.yaml', 'b.yaml'], /Name one policy file/],
    [['--format', 'xml'], /expected one of table, json, openmetrics, html/],
    [['--project', 'No Id'], /expected a project id/],
    [['--ops', 'a b'], /expected a project id/],
  ])('refuses %j, and shows its usage in lines of 80 columns', (args, message) =>
    withWatch(POLICY, async (watch) => {
      const { code, err } = await run(watch, ...args);
      expect(code).toBe(2);
      expect(err).toMatch(message);
      expect(err).toContain('Usage: npm run burn');
      expect(err.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }),
  );
});
