import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GoogleApiError } from '../../shared/google/google-api-error.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const [, table = ''] =
  /\| reason \| where \| figures \|[^\n]*\n\|[-|]+\n((?:\|.*\n)+)/.exec(read('CONTRIBUTING.md')) ?? [];
const POLICIES = table
  .trim()
  .split('\n')
  .map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .flatMap(([reason = '', where = '', figures = '']) => {
    const file = /\]\(([^)]+)\)/.exec(where)?.[1];
    return file === undefined
      ? []
      : [{ reason, file, figures: [...figures.matchAll(/`([A-Z_]+ = [^`]+)`/g)] }];
  });

/** They give a run its pause, or pass it on to one of the policies, and repeat nothing themselves. */
const HAND_ON = [
  'functions/budget-kill-switch/ladder/ladder.ts',
  'functions/budget-restore/restore-project.ts',
  'shared/run/runtime-api.ts',
  'shared/run/runtime.ts',
];

describe('the retry policies of CONTRIBUTING.md', () => {
  it.each(POLICIES)('$reason: $file has the figures', ({ file, figures }) => {
    const source = read(file);
    expect(figures.length).toBeGreaterThan(0);
    for (const [, figure = ''] of figures)
      expect(source.replaceAll(' as const;', ';')).toContain(`\nconst ${figure};`);
  });

  it('are all that pauses in functions and shared', () => {
    const pausing = globSync('{functions,shared}/**/*.ts', { cwd: ROOT }).filter((file) =>
      /\b(?:sleep|pause|setTimeout)\((?!\s*\))/.test(read(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
    );
    const known = new Set([...POLICIES.map(({ file }) => file), ...HAND_ON]);
    expect(pausing.filter((file) => !known.has(file))).toEqual([]);
  });

  const REPEATED = [408, 429, 500, 502, 503, 504];
  it.each([...REPEATED, 400, 401, 403, 404, 409, 410, 412, 413, 499, 501])(
    'takes %i as Google does',
    (status) => {
      const error = Object.assign(new Error('refused'), { response: { status, data: {} } });
      expect(new GoogleApiError('storage.objects.get', error).retryable).toBe(REPEATED.includes(status));
      expect(table).toMatch(new RegExp(`no answer, ${REPEATED.join(', ')} `));
    },
  );

  it('have no change repeated: each of them makes single attempts', () => {
    const [change = ''] = /async change\([\s\S]*?\n {4}\},/.exec(read('shared/google/api.ts')) ?? [];
    expect(change).toContain('retry: false');
    for (const client of ['notebooks', 'billing', 'clients'])
      expect(read(`shared/google/clients/${client}.ts`)).toMatch(/retry: null/);
    expect(read('shared/google/clients/storage.ts')).toMatch(/autoRetry: false|maxRetries: 0/);
  });
});
