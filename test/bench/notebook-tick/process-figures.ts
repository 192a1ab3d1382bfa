import { readFileSync } from 'node:fs';

/** Clock ticks a second in /proc, fixed at 100 for user space on Linux (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** The most memory that a process ever held, in bytes: VmHWM of proc(5). Linux only. */
export function peakResidentBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`Cannot read the memory of process ${pid}: no VmHWM`);
  return Number(kibibytes) * 1024;
}

/** Processor time of all threads of a process so far, in milliseconds: utime and stime of proc(5). Linux only. */
export function cpuMillis(pid: number): number {
  // The second field is the command in parentheses and may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
