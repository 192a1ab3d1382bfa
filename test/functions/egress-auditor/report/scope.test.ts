import { describe, expect, it } from 'vitest';
import { renderScopePage } from '../../../../functions/egress-auditor/report/scope-page.ts';
import {
  type ProjectResult,
  scopeCsv,
  scopeJson,
  type ScopeHead,
} from '../../../../functions/egress-auditor/report/scope.ts';
import { sampleReport } from '../report-builder.ts';

const { window, generatedAt } = sampleReport();
const HEAD: ScopeHead = { generatedAt, window, scope: ['a', 'b', 'c'], incomplete: [] };

async function* results(looked: string[]): AsyncGenerator<ProjectResult> {
  for (const project of HEAD.scope) {
    looked.push(project);
    yield await Promise.resolve({ project, report: sampleReport({ project }) });
  }
}

describe('a scope report', () => {
  it.each([
    ['JSON', (all: AsyncIterable<ProjectResult>) => scopeJson(HEAD, all)],
    ['CSV', (all: AsyncIterable<ProjectResult>) => scopeCsv(HEAD, all, 'lanes')],
    ['page', (all: AsyncIterable<ProjectResult>) => renderScopePage(HEAD, all).parts],
  ] as const)(
    'as %s starts before the first project is looked at, and holds one at a time',
    async (_, partsOf) => {
      const looked: string[] = [];
      const parts = partsOf(results(looked))[Symbol.asyncIterator]();
      expect((await parts.next()).value).not.toBe('');
      expect(looked).toEqual([]);
      await parts.next();
      expect(looked).toEqual(['a']);
      await parts.next();
      expect(looked).toEqual(['a', 'b']);
    },
  );
});
