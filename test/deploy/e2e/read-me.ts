import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A block of commands from a function's README, or one command in its text, with what stands for the reader's own names replaced. */
export function readmeCommands(
  functionName: string,
  start: string,
  replacements: readonly (readonly [string, string])[],
): string {
  const file = join(import.meta.dirname, '../../../functions', functionName, 'README.md');
  const text = readFileSync(file, 'utf8');
  const block = [...text.matchAll(/^```bash\n(.*?)^```/gms), ...text.matchAll(/`(gcloud [^`]+)`/g)]
    .map(([, commands = '']) => commands)
    .find((commands) => commands.startsWith(start));
  assert.ok(block !== undefined, `${file} has no commands that start with ${start}`);
  return replacements.reduce((commands, [name, own]) => {
    assert.ok(commands.includes(name), `${name} in the commands of ${file}`);
    return commands.replaceAll(name, own);
  }, block);
}
