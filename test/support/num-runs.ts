/**
 * How many random histories a property plays: `runs`, or as many times that as the variable `HISTORIES` says. The first ones are the same.
 * Throws for a value that is no whole number above zero.
 */
export function numRuns(runs: number, times = process.env['HISTORIES'] ?? '1'): number {
  if (!/^[1-9]\d{0,4}$/.test(times))
    throw new Error(`Cannot play HISTORIES="${times}" times as many: it has to be a whole number above zero`);
  return runs * Number(times);
}
