/** A text that stands in base64 in another one. */
export interface DecodedRun {
  readonly from: number;
  readonly to: number;
  readonly decoded: string;
}

/** Also the URL's alphabet, and lines as `base64` wraps them. It begins where a run does, or each character would be a beginning. */
const RUN = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}={0,2}(?:\r?\n[A-Za-z0-9+/_-]{4,}={0,2})*/g;

/** Bytes that have to be text; what follows a run may have been taken for its last line. */
const LOOKED_AT = 30;

const CONTROL = /[^\P{Cc}\s]|\uFFFD/u;

/** Keys, certificates and images in base64 are bytes: they are left out. */
export function* decodedRuns(text: string): Generator<DecodedRun> {
  for (const { 0: run, index } of text.matchAll(RUN)) {
    const first = Buffer.from(run.slice(0, (LOOKED_AT / 3) * 4), 'base64').toString('utf8');
    if (CONTROL.test(first.slice(0, -1))) continue;
    yield { from: index, to: index + run.length, decoded: Buffer.from(run, 'base64').toString('utf8') };
  }
}
