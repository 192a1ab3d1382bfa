import { createHash } from 'node:crypto';
import { formatHeaders } from './formats.ts';
import { tag, writeMarkup, type Markup } from './markup.ts';
import { FORM_STYLE, PAGE_SCRIPT, PAGE_STYLE } from './page-assets.ts';
import { cut, sentence, visible } from './text.ts';

export interface PageSection {
  /** Its anchor. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences below the title. */
  readonly lead?: string;
  readonly content: readonly Markup[];
}

export interface Page {
  /** What kind of page this is, beside costguard's name. */
  readonly kind: string;
  /** May hold names that others chose, as all texts here. */
  readonly title: string;
  /** One line below the title. */
  readonly subtitle: string;
  /** Before all sections: the headline, and what has to be known about it. */
  readonly top: readonly Markup[];
  readonly sections: readonly PageSection[];
  readonly footer: string;
  /** It has a form, which leads back to where the page came from. */
  readonly form?: boolean;
  /** More sections follow those that it has. */
  readonly open?: boolean;
}

export interface Html {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HtmlParts {
  readonly parts: AsyncIterable<string>;
  readonly headers: Html['headers'];
}

/** No text of a page can hold it: what is in one is escaped. */
const SECTIONS = '<div id="sections"></div>';

/** The same page, sent part by part, with sections that come one after the other. `sections` are listed in its contents. */
export function renderPageParts(page: Page, more: AsyncIterable<PageSection>): HtmlParts {
  const { text, headers } = renderPage({ ...page, open: true });
  const at = text.indexOf(SECTIONS);
  return { headers, parts: partsOf(text.slice(0, at), more, text.slice(at + SECTIONS.length)) };
}

async function* partsOf(
  before: string,
  sections: AsyncIterable<PageSection>,
  after: string,
): AsyncGenerator<string> {
  yield before;
  for await (const section of sections) yield writeMarkup(sectionOf(section));
  yield after;
}

/**
 * A page as one HTML document that needs nothing else: it loads no resource, and its policy would let it have none.
 * The same page gives the same bytes. The headers carry the policy once more, and what a `meta` element cannot say.
 */
export function renderPage(page: Page): Html {
  const style = page.form === true ? `${PAGE_STYLE}${FORM_STYLE}` : PAGE_STYLE;
  const policy = [
    "default-src 'none'",
    `script-src ${digestOf(PAGE_SCRIPT)}`,
    `style-src ${digestOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    `form-action ${page.form === true ? "'self'" : "'none'"}`,
  ].join('; ');
  const head = [
    tag('meta', { charset: 'utf-8' }),
    tag('meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
    tag('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    tag('meta', { name: 'referrer', content: 'no-referrer' }),
    tag('title', {}, `${cut(visible(page.title), 100)} – costguard`),
    tag('link', { rel: 'icon', href: ICON }),
  ];
  return {
    text: `<!doctype html>
<html lang="en">
<head>${head.map((element) => writeMarkup(element)).join('')}<style>${style}</style></head>
${writeMarkup(bodyOf(page)).replace(/<\/body>$/, `<script>${PAGE_SCRIPT}</script></body>`)}
</html>
`,
    headers: {
      ...formatHeaders('html'),
      'content-security-policy': `${policy}; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    },
  };
}

/** Named here, or a browser would request one from the function. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#1c5bc7"/><path d="M4 11V7m4 4V4m4 7V9" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>',
)}`;

function digestOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function bodyOf({ kind, title, subtitle, top, sections, footer, open = false }: Page): Markup {
  return tag(
    'body',
    {},
    tag('a', { class: 'skip', href: '#main' }, 'Skip to the content'),
    tag(
      'header',
      { class: 'frame' },
      tag(
        'div',
        { class: 'bar' },
        tag('p', {}, tag('span', { class: 'brand' }, 'costguard'), ` / ${kind}`),
        tag('div', { id: 'tools' }),
      ),
      tag('div', { class: 'title' }, tag('h1', {}, sentence(title)), tag('p', {}, sentence(subtitle, 400))),
    ),
    tag(
      'main',
      { id: 'main', class: 'frame', tabindex: -1 },
      tag('div', { class: 'top' }, top, sections.length > 1 ? contentsOf(sections) : undefined),
      sections.map(sectionOf),
      open ? tag('div', { id: 'sections' }) : undefined,
    ),
    tag('footer', { class: 'frame' }, tag('p', {}, sentence(footer, 400))),
    tag('p', { id: 'status', class: 'hidden', role: 'status' }),
  );
}

function contentsOf(sections: readonly PageSection[]): Markup {
  return tag(
    'nav',
    { class: 'contents', 'aria-label': 'On this page' },
    tag(
      'ul',
      {},
      sections.map(({ id, title }) => tag('li', {}, tag('a', { href: `#${id}` }, title))),
    ),
  );
}

function sectionOf({ id, title, lead, content }: PageSection): Markup {
  return tag(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    tag(
      'div',
      {},
      tag('h2', { id: `${id}-title` }, title),
      lead === undefined ? undefined : tag('p', { class: 'lead' }, lead),
    ),
    content,
  );
}
