import { expect, test } from 'vitest';
import { beside, renderTable, titleLine } from './table.ts';

const long =
  'n1-standard-8, 1 x nvidia-tesla-t4; peaks CPU 0.159 cores, GPU 1 %, net 1.0 KiB/s; label keeps it true';

test('a remark of a row stands under it, within 80 columns', () => {
  const lines = renderTable(
    [
      { heading: 'ml', width: 24 },
      { heading: 'VERDICT', width: 40 },
    ],
    [['notebook', 'keep: active']],
    [long],
  ).split('\n');
  expect(lines.slice(2)).toEqual([
    'notebook  keep: active',
    '    n1-standard-8, 1 x nvidia-tesla-t4; peaks CPU 0.159 cores, GPU 1 %, net 1.0',
    '    KiB/s; label keeps it true',
  ]);
});

test('a name longer than its column stays whole', () => {
  const name = 'projects/ml-research/locations/us-central1/customJobs/4051623847509000001';
  expect(
    renderTable([{ heading: 'NAME', width: 20 }], [[`job ${name}`]])
      .split('\n')
      .slice(2),
  ).toEqual(['job', name]);
});

test('an alert shows its commands whole, each in a line of its own', () => {
  const stop = 'gcloud compute instances stop license-server --zone=us-central1-a --project=ml-runaway';
  const text = `2 left burning $1/h: vm/a (1 x e2, $0.5/h; end it by: ${stop}); vm/b ($0.5/h; end it by: ${stop}): Budget "b"`;
  expect(beside('2026-11-18 22:12', text).split('\n')).toEqual([
    '2026-11-18 22:12  2 left burning $1/h: vm/a (1 x e2, $0.5/h):',
    `    ${stop}`,
    '                  vm/b ($0.5/h):',
    `    ${stop}`,
    '                  Budget "b"',
  ]);
});

test('a long title goes on under itself', () => {
  const lines = titleLine('2026-11-18 22:12', `${'word '.repeat(20)}end`).split('\n');
  expect(lines).toHaveLength(2);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  expect(lines[1]).toMatch(/^ {21}word/);
});
