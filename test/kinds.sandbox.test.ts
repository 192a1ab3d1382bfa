import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const repository = resolve(import.meta.dirname, '..');
const tests = globSync('test/**/*.test.ts', { cwd: repository }).sort();

/** What takes seconds, or a program that a machine may lack. */
const SLOW_FILES: readonly string[] = [
  'test/sandbox/http/server.ts',
  'test/sandbox/gcloud/gcloud.ts',
  'test/sandbox/hosting/child.ts',
  'test/support/chromium.ts',
  'test/support/needs.ts',
  'test/support/framework.ts',
];

/** `.ts` files of the repository, by their path in it, that loading the file loads. */
function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(repository, file), 'utf8');
  for (const [, from = ''] of text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from '(\.[^']*\.ts)';/gm))
    loadedBy(join(dirname(file), from), seen);
  return seen;
}

describe('the name of a test file', () => {
  it('says what the test needs: x.test.ts starts no process and no sandbox', () => {
    const units = tests.filter((file) => !/(?:^|[/.])(?:sandbox|gcloud|browser)\.test\.ts$/.test(file));
    expect(units.length).toBeGreaterThan(50);
    for (const file of SLOW_FILES) expect(existsSync(join(repository, file)), file).toBe(true);
    const slow = units.flatMap((file) =>
      [...loadedBy(file)].filter((one) => SLOW_FILES.includes(one)).map((one) => [file, one]),
    );
    expect(slow).toEqual([]);
    const processes = units.filter((file) =>
      /from 'node:child_process'/.test(readFileSync(join(repository, file), 'utf8')),
    );
    expect(processes).toEqual([]);
  });

  it('leaves none to another runner', () => {
    const others = tests.filter((file) => !readFileSync(join(repository, file), 'utf8').includes("'vitest'"));
    expect(others).toEqual([]);
  });
});
