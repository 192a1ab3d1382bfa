import { vi } from 'vitest';

/** What a story prints, line by line; and what it throws. */
export async function printed(story: () => Promise<unknown>): Promise<readonly string[]> {
  const lines: string[] = [];
  const log = vi
    .spyOn(console, 'log')
    .mockImplementation((text: string) => void lines.push(...text.split('\n')));
  await story().finally(() => {
    log.mockRestore();
  });
  return lines;
}

/** Lines over 80 columns; a command and a resource's name stand whole, in a line of their own. */
export function tooWide(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.length > 80 && !/^ *(?:gcloud .*|\S+)$/.test(line));
}
