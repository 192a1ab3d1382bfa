import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes `dir` hold exactly the files that `write` puts into the fresh folder it is given; never a part of them.
 *
 * A folder that holds these bytes already is left alone, so that a build beside a running function changes nothing
 * under it. Two replacements at once end with either one's files. What a killed build left behind starts with a dot
 * and is swept by the next replacement of the same folder.
 */
export async function replaceFolder(dir: string, write: (fresh: string) => Promise<void>): Promise<void> {
  const prefix = join(dirname(dir), `.${basename(dir)}.${process.pid}.`);
  await sweep(dir);
  const fresh = await mkdtemp(prefix);
  try {
    await write(fresh);
    if (await sameFiles(dir, fresh)) return;
    await swap(dir, fresh, `${fresh}.old`);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(`${fresh}.old`, { recursive: true, force: true });
  }
}

/** A folder cannot be renamed onto one with files in it, so the old one steps aside; another build may do so first. */
async function swap(dir: string, fresh: string, old: string): Promise<void> {
  for (;;) {
    try {
      await rename(fresh, dir);
      return;
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    await rm(old, { recursive: true, force: true });
    await rename(dir, old).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
  }
}

async function sameFiles(left: string, right: string): Promise<boolean> {
  const names = (await readdir(right)).sort();
  const existing = await readdir(left).catch(() => []);
  if (existing.sort().join('\n') !== names.join('\n')) return false;
  const same = await Promise.all(
    names.map(async (name) => {
      const [a, b] = await Promise.all([readFile(join(left, name)), readFile(join(right, name))]);
      return a.equals(b);
    }),
  );
  return same.every(Boolean);
}

async function sweep(dir: string): Promise<void> {
  const ours = `.${basename(dir)}.`;
  for (const name of await readdir(dirname(dir))) {
    if (!name.startsWith(ours)) continue;
    const pid = Number(name.slice(ours.length).split('.')[0]);
    if (!isRunning(pid)) await rm(join(dirname(dir), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}
