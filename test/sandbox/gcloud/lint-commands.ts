import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const resultsSchema = z.array(
  z.object({ command_string: z.string(), success: z.boolean(), error_message: z.string().nullish() }),
);

/** The commands that gcloud's own parser refuses, each with its reason. One start of gcloud for all of them. */
export function lintCommands(lines: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'costguard-lint-'));
  try {
    const file = join(folder, 'commands.json');
    writeFileSync(file, JSON.stringify(lines.map((line) => ({ command_string: line }))));
    const { stdout, stderr, status } = spawnSync(
      'gcloud',
      ['meta', 'lint-gcloud-commands', `--commands-file=${file}`],
      {
        // The linter makes the files that a command would write.
        cwd: folder,
        encoding: 'utf8',
        maxBuffer: 64 << 20,
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          CLOUDSDK_CONFIG: folder,
          CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
          CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        },
      },
    );
    if (status !== 0) throw new Error(`gcloud's linter failed: ${stderr}`);
    const results = resultsSchema.parse(JSON.parse(stdout));
    if (results.length !== new Set(lines).size)
      throw new Error(`gcloud's linter answered for ${results.length} of ${lines.length} commands`);
    return results
      .filter(({ success }) => !success)
      .map((result) => `${result.command_string}: ${result.error_message ?? ''}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
