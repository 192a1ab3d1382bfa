import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleAll } from '../../../deploy/bundle/bundle.ts';
import { gatherBooks } from '../../../functions/cost-estimator/gather.ts';
import { egressBooks } from '../../../functions/egress-auditor/traffic/books.ts';
import { auditBooks } from '../../../functions/guardrail-audit/report/report.ts';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { lifecycleSweep } from '../../../functions/lifecycle-enforcer/function.ts';
import { watchSweep } from '../../../functions/spend-watch/function.ts';
import { agedBooks } from '../../../shared/prices/age/book-age.ts';
import { runningBookDates } from '../../../shared/prices/age/running-book-dates.ts';

const root = join(import.meta.dirname, '../../..');
const MAX_BYTES = 300 * 1024;
const NOW = new Date('2026-11-26T12:00:00Z');

/** The file of a book, and what receipts and reports call it. */
const NAMES: Readonly<Record<string, string>> = {
  'books/machine-types': 'machine types',
  'books/machine-prices': 'machines',
  'books/unit-prices': 'machines',
  'books/gpu-prices': 'GPUs',
  'books/disk-prices': 'disks',
  'books/tpu-prices': 'TPUs',
  'books/vertex-prices': 'Vertex AI',
  'books/network-prices': 'network',
  'network-prices': 'network inside Google Cloud',
  'books/storage-prices': 'storage',
  'storage-prices': 'storage operations',
  'books/aws-prices': 'AWS',
  'books/azure-prices': 'Azure',
};

/** The books that each function says the age of. */
const SAID = {
  'budget-kill-switch': agedBooks(runningBookDates(), NOW),
  'cost-estimator': gatherBooks(NOW),
  'egress-auditor': egressBooks(NOW),
  'guardrail-audit': auditBooks(NOW),
  'idle-notebook-stopper': agedBooks(notebookSweep.books(), NOW),
  'lifecycle-enforcer': agedBooks(lifecycleSweep.books(), NOW),
  'spend-watch': agedBooks(watchSweep.books(), NOW),
};

const FUNCTIONS = [...Object.keys(SAID), 'budget-restore'];

describe('price books', () => {
  const bundled = new Map<string, Readonly<Record<string, number>>>();
  beforeAll(async () => {
    const entries = FUNCTIONS.map((name) => join(root, 'functions', name, 'index.ts'));
    for (const [index, { bytesByBook }] of (await bundleAll(entries, root)).entries())
      bundled.set(FUNCTIONS[index] ?? '', bytesByBook);
  }, 60_000);

  it.each(FUNCTIONS)('take at most 300 KiB in the bundle of %s', (name) => {
    const bytes = Object.values(bundled.get(name) ?? {});
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(MAX_BYTES);
  });

  it.each(Object.entries(SAID))(
    'are in the bundle of %s where it needs them, and it says the age of each',
    (name, said) => {
      const inBundle = Object.keys(bundled.get(name) ?? {}).map((file) => NAMES[file]);
      expect([...new Set(said.map(({ book }) => book))].sort()).toEqual([...new Set(inBundle)].sort());
    },
  );
});
