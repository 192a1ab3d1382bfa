import { ApiError } from '../../http/api-error.ts';

export interface Part {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The parts of a multipart body, byte for byte. Throws 400 when it is malformed or cut short. */
export function readMultipart(contentType: string, body: Buffer): Part[] {
  // gcloud puts the boundary between single quotes, which are not part of it.
  const boundary = /boundary=(["']?)([^"';]+)\1/i.exec(contentType)?.[2];
  if (boundary === undefined) throw malformed('no boundary in the content type');
  // gcloud ends its lines with LF alone. What the first boundary ends with holds for all of them.
  const lineBreak = body.includes(`--${boundary}\r\n`) ? '\r\n' : '\n';
  const framed = Buffer.concat([Buffer.from(lineBreak), body]);
  const separator = `${lineBreak}--${boundary}`;
  const parts: Part[] = [];
  let at = framed.indexOf(separator);
  for (;;) {
    if (at < 0) throw malformed('missing the closing boundary');
    const from = at + separator.length;
    if (framed.subarray(from, from + 2).toString() === '--') return parts;
    const next = framed.indexOf(separator, from);
    if (next < 0) throw malformed('missing the closing boundary');
    parts.push(readPart(framed.subarray(framed.indexOf(lineBreak, from), next), lineBreak));
    at = next;
  }
}

/** `bytes` begin with the line break that ends the boundary's line. */
function readPart(bytes: Buffer, lineBreak: string): Part {
  const blank = lineBreak.repeat(2);
  const end = bytes.indexOf(blank);
  if (end < 0) throw malformed('a part without a blank line after its headers');
  const lines = bytes.subarray(0, end).toString().split(lineBreak);
  const headers = lines
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
  return { headers: Object.fromEntries(headers), body: bytes.subarray(end + blank.length) };
}

function malformed(why: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', `Malformed multipart body: ${why}.`);
}
