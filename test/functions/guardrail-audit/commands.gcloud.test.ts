import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { GCLOUD_COMMANDS } from '../../support/guardrail-commands.ts';
import { needs } from '../../support/needs.ts';

/** What gcloud's own parser refuses, each with its reason. */
function lint(lines: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'costguard-audit-lint-'));
  try {
    const file = join(folder, 'commands.json');
    writeFileSync(file, JSON.stringify(lines.map((line) => ({ command_string: line }))));
    const { stdout } = spawnSync('gcloud', ['meta', 'lint-gcloud-commands', `--commands-file=${file}`], {
      // The linter makes the files that a command would write.
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder, CLOUDSDK_CONFIG: folder, CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1' },
    });
    const results = JSON.parse(stdout) as readonly {
      command_string: string;
      success: boolean;
      error_message?: string;
    }[];
    return results
      .filter(({ success }) => !success)
      .map(({ command_string, error_message = '' }) => `${command_string}: ${error_message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('what findings tell to run', needs(gcloudMissing()), () => {
  it('is understood by gcloud, command by command', () => {
    expect(GCLOUD_COMMANDS.length).toBeGreaterThan(60);
    expect(lint(GCLOUD_COMMANDS)).toEqual([]);
  });
});
