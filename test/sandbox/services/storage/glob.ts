import { ApiError } from '../../http/api-error.ts';

/** The names that `matchGlob` selects: `*` and `?` stop at `/`, `**` does not; `[…]` and `{a,b}` choose. */
export function globPattern(glob: string | null, delimiter: string): RegExp | undefined {
  if (glob === null || glob === '') return undefined;
  if (delimiter !== '' && delimiter !== '/')
    throw new ApiError('INVALID_ARGUMENT', 'matchGlob allows only the delimiter "/".');
  let depth = 0;
  const source = glob.replace(/\*\*|\[[!^]?[^\]]+\]|[\s\S]/g, (token) => {
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 1) return `[${token.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
    if (token === '{') return ((depth += 1), '(?:');
    if (token === '}' && depth > 0) return ((depth -= 1), ')');
    if (token === ',' && depth > 0) return '|';
    return token.replace(/[\\^$.+()|[\]{}]/g, '\\$&');
  });
  if (depth > 0) throw new ApiError('INVALID_ARGUMENT', `Invalid glob "${glob}": unclosed {.`);
  return new RegExp(`^${source}$`, 'su');
}
