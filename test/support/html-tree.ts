import { parse, type DefaultTreeAdapterTypes as Tree } from 'parse5';

/** An element of a parsed page. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** All text in it, as a browser reads it. */
  readonly text: string;
}

/** Parses a whole page as browsers do. */
export function parsePage(html: string): Element {
  return elementOf(parse(html));
}

function elementOf(node: Tree.ParentNode): Element {
  const parts = node.childNodes.map((child) => {
    if ('value' in child) return child.value;
    return 'childNodes' in child ? elementOf(child) : '';
  });
  return {
    name: 'tagName' in node ? node.tagName : '#document',
    attributes: 'attrs' in node ? Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])) : {},
    children: parts.filter((part) => typeof part !== 'string'),
    text: parts.map((part) => (typeof part === 'string' ? part : part.text)).join(''),
  };
}

/** The element and all in it that fit, in the order of the page. */
export function findAll(root: Element, fits: (element: Element) => boolean): readonly Element[] {
  return [...(fits(root) ? [root] : []), ...root.children.flatMap((child) => findAll(child, fits))];
}

/** The one element that fits. */
export function findOne(root: Element, fits: (element: Element) => boolean): Element {
  const [found, ...others] = findAll(root, fits);
  if (found === undefined || others.length > 0)
    throw new Error(`Wanted one such element, found ${found === undefined ? 0 : others.length + 1}`);
  return found;
}

export function hasClass(element: Element, name: string): boolean {
  return (element.attributes['class'] ?? '').split(' ').includes(name);
}

/** The numbers that a page carries in an element, beside how people read them. */
export function figuresIn(element: Element): readonly { readonly value: number; readonly text: string }[] {
  return findAll(element, ({ name }) => name === 'data').map(({ attributes, text }) => ({
    value: Number(attributes['value']),
    text,
  }));
}
