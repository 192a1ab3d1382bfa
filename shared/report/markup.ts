import { h, type VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with all that is in it. */
export type Markup = VNode<Attributes>;

export type Child = Markup | string | number | undefined | readonly Child[];

/** An HTML or SVG element. Text and attributes are escaped when it is written; there is no way around that. */
export function tag(name: string, attributes: Attributes, ...children: readonly Child[]): Markup {
  return h<Attributes>(name, attributes, children);
}

/** The element as HTML. */
export function writeMarkup(markup: Markup): string {
  return renderToString(markup);
}
