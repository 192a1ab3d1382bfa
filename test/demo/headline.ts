import type { Sandbox } from '../sandbox/sandbox.ts';
import { titleLine } from './table.ts';

/** What has the sandbox's time. */
export interface Timed {
  readonly clock: Pick<Sandbox['clock'], 'now'>;
}

/** A line between the parts of the story, with the sandbox's time. */
export function headline({ clock }: Timed, title: string): void {
  console.log(`\n${titleLine(clockText(clock.now()), title)}\n`);
}

export function clockText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 16);
}
