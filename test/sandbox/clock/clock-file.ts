import { openSync, writeSync, closeSync } from 'node:fs';
import type { Clock, ClockState } from './clock.ts';

/** The width of the record, so that one write replaces the whole of it. */
const WIDTH = 64;

/** Keeps the clock's state in a file that function processes follow (connect-preload). */
export function publishClock(clock: Clock, file: string): { close(): void } {
  const descriptor = openSync(file, 'w');
  const write = (state: ClockState): void => {
    const text = state.kind === 'frozen' ? `frozen ${state.nowMs}` : `flowing ${state.offsetMs}`;
    writeSync(descriptor, text.padEnd(WIDTH), 0);
  };
  write(clock.state);
  let open = true;
  clock.onJump((state) => {
    if (open) write(state);
  });
  return {
    close() {
      open = false;
      closeSync(descriptor);
    },
  };
}
