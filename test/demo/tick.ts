import type { InstalledFunction } from '../support/install-function.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** What has the buckets. */
export interface Stored {
  readonly storage: Pick<Sandbox['storage'], 'objectNames' | 'objectText'>;
}

/** Publishes a tick, waits until all of it is dealt with, and gives the texts of the receipts that it left in the bucket. */
export async function receiptsOfTick(
  sandbox: Stored,
  installed: Pick<InstalledFunction, 'name' | 'tick' | 'lines'>,
  bucket: string,
): Promise<readonly string[]> {
  const names = (): readonly string[] => sandbox.storage.objectNames(bucket, `receipts/${installed.name}/`);
  const before = new Set(names());
  await installed.tick();
  const texts = names()
    .filter((name) => !before.has(name))
    .map((name) => sandbox.storage.objectText(bucket, name) ?? '');
  if (texts.length === 0)
    console.log(
      installed.lines
        .slice(-5)
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
  return texts;
}
