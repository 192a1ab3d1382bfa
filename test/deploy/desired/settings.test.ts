import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { functionsFolder, readFunctions } from '../../../deploy/desired/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'costguard-settings-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
cpSync(join(functionsFolder, 'idle-notebook-stopper'), join(folder, 'idle-notebook-stopper'), {
  recursive: true,
});
const file = join(folder, 'idle-notebook-stopper', 'function.yaml');
const whole = readFileSync(file, 'utf8');

it.each([
  ['without a key that it takes', /^nodeOptions: .*\n/m, '', 'nodeOptions: expected string'],
  [
    'with a value of another type',
    /^maxInstances: .*$/m,
    'maxInstances: many',
    'maxInstances: expected number',
  ],
  [
    'with options that are none',
    /^nodeOptions: .*$/m,
    'nodeOptions: much',
    'nodeOptions: expected flags of Node, such as --max-old-space-size=160',
  ],
  [
    'with memory in another unit',
    /^memory: .*$/m,
    'memory: 512M',
    'memory: expected MiB or GiB, such as 512Mi',
  ],
  ['with a timeout in minutes', /^timeout: .*$/m, 'timeout: 9m', 'timeout: expected seconds, such as 540s'],
  [
    'that writes what is no folder',
    /^writes:\n(?:  - .*\n)+/m,
    'writes: [X]\n',
    'writes.0: expected a folder in the bucket, such as reports/',
  ],
  [
    'that reads what is no folder',
    /^reads:\n(?:  - .*\n)+/m,
    'reads: [reports]\n',
    'reads.0: expected a folder in the bucket, such as reports/',
  ],
])('a function.yaml %s is refused, with what is expected', async (_, line, instead, says) => {
  writeFileSync(file, whole.replace(line, instead));
  await expect(readFunctions(folder)).rejects.toThrow(`Cannot use "${file}": ${says}`);
});
