import type { Sandbox } from '../sandbox/sandbox.ts';
import { titleLine } from './table.ts';

/** A line between the parts of the story, with the sandbox's time. */
export function headline(sandbox: Sandbox, title: string): void {
  console.log(`\n${titleLine(clockText(sandbox.clock.now()), title)}\n`);
}

export function clockText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 16);
}
