import Negotiator from 'negotiator';
import { BadParameter } from './bad-parameter.ts';
import { PermanentError } from '../errors.ts';

export type AnswerFormat = 'json' | 'html' | 'csv' | 'sarif';

/** `header=present`: the first line names the columns (RFC 4180). */
const MEDIA_TYPES: Readonly<Record<AnswerFormat, string>> = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  sarif: 'application/sarif+json; charset=utf-8',
};

/** What of a request decides the format of its answer. */
export interface FormatWish {
  /** The `format` parameter as the query parser gives it: normally a string or undefined. */
  readonly parameter: unknown;
  /** The Accept header. */
  readonly accept: string | undefined;
}

/** No format on offer is acceptable: an answer with status 406. */
export class NotAcceptable extends PermanentError {
  override readonly name = 'NotAcceptable';
}

/**
 * The format that a request wants: what its parameter says, else what its Accept header prefers, else the first on
 * offer, which is what tools get that accept anything.
 * @throws BadParameter when the parameter is not on offer.
 * @throws NotAcceptable when there is no parameter and the header excludes all that is on offer.
 */
export function chooseFormat<Offered extends AnswerFormat>(
  { parameter, accept }: FormatWish,
  offered: readonly [Offered, ...Offered[]],
): Offered {
  if (parameter !== undefined) {
    const named = offered.find((format) => format === parameter);
    if (named === undefined) throw new BadParameter('format', parameter, offered.join(', '));
    return named;
  }
  const preferred = accepted(accept, offered);
  if (preferred !== undefined) return preferred;
  const types = offered.map((format) => bare(format)).join(', ');
  throw new NotAcceptable(
    `Cannot answer in "${accept ?? ''}": accept one of ${types}, or name a format in the parameter "format"`,
  );
}

/** The format of an error: a page for callers that request one, JSON for all others. Never throws. */
export function errorFormat({ parameter, accept }: FormatWish): 'json' | 'html' {
  if (parameter === 'html') return 'html';
  if (parameter === 'json' || parameter === 'csv' || parameter === 'sarif') return 'json';
  return accepted(accept, ['json', 'html']) === 'html' ? 'html' : 'json';
}

/** Headers of every answer in a format. An answer holds resource names and prices: nothing on the way keeps a copy. */
export function formatHeaders(format: AnswerFormat): Readonly<Record<string, string>> {
  return {
    'content-type': MEDIA_TYPES[format],
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    vary: 'Accept',
  };
}

function accepted<Offered extends AnswerFormat>(
  accept: string | undefined,
  offered: readonly Offered[],
): Offered | undefined {
  // An empty header says as little as none. `application/json; charset=utf-8` names one of ours with its parameter.
  const headers = accept === undefined || accept.trim() === '' ? {} : { accept };
  const types = offered.flatMap((format) => [bare(format), `${bare(format)}; charset=utf-8`]);
  const [best] = new Negotiator({ headers }).mediaTypes(types);
  return best === undefined ? undefined : offered.find((format) => best.startsWith(bare(format)));
}

/** The media type without parameters. */
function bare(format: AnswerFormat): string {
  return MEDIA_TYPES[format].replace(/;.*/, '');
}
