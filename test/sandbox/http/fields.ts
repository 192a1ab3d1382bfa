import { ApiError } from './api-error.ts';

/**
 * Applies a partial-response mask, e.g. `items(name,labels/env),nextPageToken` or `items.*.instances(id)`, to a JSON
 * value as Google's `fields` parameter does: `/` and `.` go inwards, `(…)` groups, `*` is any key.
 */
export function selectFields(value: unknown, mask: string): unknown {
  return project(value, parseMask(mask));
}

/** Key -> what is selected below it; `null` means all. */
export type Selection = ReadonlyMap<string, Selection> | null;

/** Throws INVALID_ARGUMENT for what is no mask. */
export function parseMask(mask: string): Selection {
  let at = 0;
  const parseList = (): Map<string, Selection> => {
    const list = new Map<string, Selection>();
    for (;;) {
      const [name, below] = parseItem();
      list.set(name, list.has(name) ? union(list.get(name), below) : below);
      if (mask[at] !== ',') return list;
      at += 1;
    }
  };
  const parseItem = (): [string, Selection] => {
    const name = /^[\w@*-]+/.exec(mask.slice(at))?.[0];
    if (name === undefined) throw new ApiError('INVALID_ARGUMENT', `Invalid field selection ${mask}`);
    at += name.length;
    if (mask[at] === '/' || mask[at] === '.') {
      at += 1;
      return [name, new Map([parseItem()])];
    }
    if (mask[at] !== '(') return [name, null];
    at += 1;
    const below = parseList();
    if (mask[at] !== ')') throw new ApiError('INVALID_ARGUMENT', `Invalid field selection ${mask}`);
    at += 1;
    return [name, below];
  };
  if (mask === '*') return null;
  const selection = parseList();
  if (at < mask.length) throw new ApiError('INVALID_ARGUMENT', `Invalid field selection ${mask}`);
  return selection;
}

/** What either selects; what one does not name at all is `undefined`. */
function union(one: Selection | undefined, other: Selection | undefined): Selection {
  if (one === null || other === null) return null;
  const both = new Map(one);
  for (const [name, below] of other ?? [])
    both.set(name, both.has(name) ? union(both.get(name), below) : below);
  return both;
}

function project(value: unknown, selection: Selection): unknown {
  if (selection === null) return value;
  if (Array.isArray(value)) return value.map((inner) => project(inner, selection));
  if (typeof value !== 'object' || value === null) return value;
  const chosen: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (selection.has(key) || selection.has('*'))
      chosen[key] = project(inner, union(selection.get(key), selection.get('*')));
  }
  return chosen;
}
