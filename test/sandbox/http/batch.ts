import { ApiError } from './api-error.ts';

/** One request inside a batch. */
export interface BatchPart {
  readonly contentId: string;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface BatchAnswer {
  readonly contentId: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

const BOUNDARY = 'batch_costguard';
const MAX_PARTS = 1_000;

/**
 * The requests of a `POST /batch/...`: a multipart/mixed body whose parts are HTTP requests. gcloud sends one whenever it
 * queries Compute Engine more than one thing at a time. Throws INVALID_ARGUMENT for any other body.
 * Source: compute/docs/api/how-tos/batch.
 */
export function readBatch(contentType: string | undefined, body: Buffer): BatchPart[] {
  const boundary = /^multipart\/mixed;.*boundary="?([^";]+)"?/i.exec(contentType ?? '')?.[1];
  if (boundary === undefined)
    throw new ApiError('INVALID_ARGUMENT', 'A batch is multipart/mixed with a boundary.');
  // latin1 keeps every byte as one character, so that a part's body comes back as it was sent.
  const [, ...pieces] = `\n${body.toString('latin1')}`.split(new RegExp(`\r?\n--${escapeText(boundary)}`));
  const parts = pieces.filter((piece) => !piece.startsWith('--')).map(readPart);
  if (parts.length === 0 || parts.length > MAX_PARTS)
    throw new ApiError('INVALID_ARGUMENT', `A batch has 1 to ${MAX_PARTS} calls, not ${parts.length}.`);
  return parts;
}

function readPart(piece: string): BatchPart {
  const [outer, request] = headAndRest(piece.replace(/^[ \t]*\r?\n/, ''));
  const [head, body] = headAndRest(request);
  const [line = '', ...lines] = head.split(/\r?\n/);
  const [, method, target] = /^([A-Z]+) (\/\S*)(?: HTTP\/1\.\d)?$/.exec(line) ?? [];
  if (method === undefined || target === undefined)
    throw new ApiError('INVALID_ARGUMENT', `Cannot read the batch: "${line}" is no request line.`);
  const headers = headersOf(lines);
  const length = Number(headers['content-length'] ?? '0');
  return {
    contentId: headersOf(outer.split(/\r?\n/))['content-id'] ?? '',
    method,
    target,
    headers,
    body: Buffer.from(body, 'latin1').subarray(0, length),
  };
}

/** Splits at the first empty line. */
function headAndRest(text: string): [string, string] {
  const gap = /\r?\n\r?\n/.exec(text);
  return gap === null
    ? [text.trimEnd(), '']
    : [text.slice(0, gap.index), text.slice(gap.index + gap[0].length)];
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value]];
    }),
  );
}

/** The answer to a batch; each part carries its request's id as `response-ID`. */
export function writeBatch(answers: readonly BatchAnswer[]): { type: string; payload: Buffer } {
  const chunks = answers.flatMap(({ contentId, status, headers, payload }) => [
    Buffer.from(
      [
        `--${BOUNDARY}`,
        'Content-Type: application/http',
        `Content-ID: ${contentId.replace(/^<?/, '<response-').replace(/>?$/, '>')}`,
        '',
        `HTTP/1.1 ${status} ${status < 300 ? 'OK' : 'Error'}`,
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        '',
        '',
      ].join('\r\n'),
    ),
    payload,
    Buffer.from('\r\n'),
  ]);
  return {
    type: `multipart/mixed; boundary=${BOUNDARY}`,
    payload: Buffer.concat([...chunks, Buffer.from(`--${BOUNDARY}--\r\n`)]),
  };
}

function escapeText(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
