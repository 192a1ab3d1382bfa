/** The calls that were made after `before` was noted, by name; `Api.calls` counts from the start of a run. */
export function callsSince(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const calls = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(calls.filter(([, count]) => count > 0));
}
