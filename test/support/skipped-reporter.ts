import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/** Names at the end what was skipped, and why: one line for a whole suite. */
export class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) =>
      skippedIn(module).map((what) => `skipped: ${relative(process.cwd(), module.moduleId)}: ${what}`),
    );
    if (lines.length > 0) process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}

function skippedIn(parent: TestModule | TestSuite): readonly string[] {
  return [...parent.children].flatMap((child) => {
    if (child.type === 'suite' && child.state() !== 'skipped') return skippedIn(child);
    if (child.type === 'test' && child.result().state !== 'skipped') return [];
    return [`${child.fullName}${because(child)}`];
  });
}

function because(skipped: TestCase | TestSuite): string {
  const { missing } = skipped.meta();
  return missing === undefined ? '' : ` (${missing})`;
}
