/** Severities of Cloud Logging that costguard uses. */
export type Severity = 'DEBUG' | 'INFO' | 'NOTICE' | 'WARNING' | 'ERROR';

/** Writes one JSON line as Cloud Logging reads it from standard output: `severity` and `message` are its own fields. */
export type Log = (
  severity: Severity,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
  /** Fields whose values are JSON already. */
  texts?: Readonly<Record<string, string>>,
) => void;

/** Cloud Logging drops what is longer than 256 KiB; some of that is its own envelope. */
const MAX_LINE_BYTES = 250 * 1024;

/** A log that hands each finished line (without newline) to `write`. `base` stands in every line. */
export function createLog(write: (line: string) => void, base: Readonly<Record<string, unknown>>): Log {
  return (severity, message, fields = {}, texts = {}) => {
    const start = JSON.stringify({ severity, message, ...base, ...fields }).slice(0, -1);
    const line = `${start}${Object.entries(texts)
      .map(([key, text]) => `,${JSON.stringify(key)}:${text}`)
      .join('')}}`;
    if (Buffer.byteLength(line) <= MAX_LINE_BYTES) {
      write(line);
      return;
    }
    const omitted = `too long for one log line (${line.length} characters): see the stored receipt`;
    write(JSON.stringify({ severity, message: message.slice(0, 10_000), ...base, omitted }));
  };
}
