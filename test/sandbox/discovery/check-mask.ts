import type { Selection } from '../http/fields.ts';
import { camelCase } from '../http/proto-json.ts';
import type { FoundMethod } from './catalog.ts';
import type { TypeData } from './model.ts';

/** The paths of a partial-response mask that lead to no field of the method's answer; `trials.x`, as Google writes them. */
export function unknownPaths({ api, method }: FoundMethod, mask: Selection): readonly string[] {
  if (method.answer === undefined) return [];
  const walk = (type: TypeData, selection: Selection, at: string): readonly string[] =>
    [...(selection ?? [])].flatMap(([name, below]) => {
      const path = at === '' ? name : `${at}.${name}`;
      const inner = belowOf(type, name);
      if (inner === undefined) return [path];
      return inner === 'any' ? [] : walk(inner, below, path);
    });
  /** What a name selects: undefined where there is nothing of that name, `any` where `*` stands for fields of several types. */
  const belowOf = (type: TypeData, name: string): TypeData | undefined => {
    if (typeof type === 'object') {
      const element = type['['];
      if (element !== undefined) return belowOf(element, name);
      if (type['{'] !== undefined) return type['{'];
      return name === '*' ? 'any' : (type[name] ?? type[camelCase(name)]);
    }
    if (type.startsWith('[')) return belowOf(type.slice(1), name);
    if (type.startsWith('{')) return type.slice(1);
    // What may be anything has no fields of its own, and neither has a text or a number.
    return type.startsWith('#') ? belowOf(api.schemas[type.slice(1)] ?? {}, name) : undefined;
  };
  return walk(`#${method.answer}`, mask, '');
}
