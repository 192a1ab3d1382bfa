/** One request that reached the sandbox. */
export interface LoggedCall {
  readonly sequence: number;
  /** Sandbox time, RFC 3339. */
  readonly at: string;
  readonly id: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly principal: string;
  /** The request body as text (at most 64 KiB of it). */
  readonly body: string;
  /** Length of the whole body. */
  readonly bodyBytes: number;
  /** Content type of the body; empty when it has none. */
  readonly contentType: string;
  /** 0: no answer was sent (timeout, reset). */
  readonly status: number;
  readonly fault?: string;
  readonly permissions: readonly string[];
}

/** How much of a body is kept. */
export const MAX_LOGGED_BODY_BYTES = 64 * 1024;

export interface CallLog {
  add(call: Omit<LoggedCall, 'sequence'>): void;
  /** All calls, or those whose id matches: exact, or with `*` at its end. */
  calls(id?: string): readonly LoggedCall[];
  counts(): Readonly<Record<string, number>>;
  clear(): void;
}

export function createCallLog(): CallLog {
  let log: LoggedCall[] = [];
  return {
    add: (call) => void log.push({ ...call, sequence: log.length + 1 }),
    calls(id) {
      if (id === undefined) return log;
      return log.filter((call) => (id.endsWith('*') ? call.id.startsWith(id.slice(0, -1)) : call.id === id));
    },
    counts() {
      const counts: Record<string, number> = {};
      for (const call of log) counts[call.id] = (counts[call.id] ?? 0) + 1;
      return counts;
    },
    clear: () => void (log = []),
  };
}
