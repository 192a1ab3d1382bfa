import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'vitest';
import { tag } from '../../../shared/report/markup.ts';
import { commandBlock, emptyState, factList, notice, shortList } from '../../../shared/report/page-parts.ts';
import { renderPage, type Page } from '../../../shared/report/page.ts';
import { sortableTable } from '../../../shared/report/sortable-table.ts';
import { findAll, findOne, parsePage, type Element } from '../../support/html-tree.ts';

const page = (parts: Partial<Page> = {}): Page => ({
  kind: 'test page',
  title: 'A title',
  subtitle: 'and more',
  top: [tag('p', {}, 'top')],
  sections: [
    { id: 'one', title: 'One', lead: 'First.', content: [tag('p', {}, '1')] },
    { id: 'two', title: 'Two', content: [] },
  ],
  footer: 'made here',
  ...parts,
});

const shown = (...content: Parameters<typeof tag>[2][]): Element =>
  findOne(
    parsePage(renderPage(page({ top: [tag('div', { id: 'shown' }, content)] })).text),
    ({ attributes }) => attributes['id'] === 'shown',
  );

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('renderPage', () => {
  const { text, headers } = renderPage(page());
  const root = parsePage(text);
  const one = (name: string): Element => findOne(root, (element) => element.name === name);

  it('allows exactly its own style and script, in the header and in the document', () => {
    const policy = headers['content-security-policy'] ?? '';
    const meta = findOne(root, ({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy');
    assert.equal(policy, `${meta.attributes['content'] ?? ''}; frame-ancestors 'none'`);
    assert.deepEqual(policy.split('; '), [
      "default-src 'none'",
      `script-src ${digest(one('script').text)}`,
      `style-src ${digest(one('style').text)}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  it('refers to nothing outside, and has no style or handler at an element', () => {
    for (const { name, attributes } of findAll(root, () => true))
      for (const [key, value] of Object.entries(attributes)) {
        assert.ok(key !== 'style' && !key.startsWith('on'), `${name} ${key}`);
        if (key === 'href' || key === 'src') assert.match(value, /^(?:#|data:)/);
      }
    assert.doesNotMatch(one('style').text, /url\(|@import/);
  });

  it('says its title, language and size, and leads to its sections', () => {
    assert.equal(one('title').text, 'A title – costguard');
    assert.equal(one('html').attributes['lang'], 'en');
    assert.equal(one('h1').text, 'A title');
    const links = findAll(root, ({ name, attributes }) => name === 'a' && attributes['href'] !== '#main');
    assert.deepEqual(
      links.map(({ text: name, attributes }) => [name, attributes['href']]),
      [
        ['One', '#one'],
        ['Two', '#two'],
      ],
    );
    for (const id of ['main', 'one', 'two', 'tools', 'status'])
      findOne(root, ({ attributes }) => attributes['id'] === id);
  });

  it('is the same for the same page', () => {
    assert.equal(renderPage(page()).text, text);
  });

  it('keeps what tries to end its title, style or script as text', () => {
    const hostile = `</title></style></script></body><script>alert(1)</script>`;
    const other = parsePage(renderPage(page({ title: hostile, subtitle: hostile, footer: hostile })).text);
    assert.equal(findOne(other, ({ name }) => name === 'h1').text, hostile);
    assert.equal(findAll(other, ({ name }) => name === 'script').length, 1);
    assert.equal(findAll(other, ({ name }) => name === 'body').length, 1);
  });
});

describe('sortableTable', () => {
  interface Row {
    readonly name: string;
    readonly size: number | undefined;
  }
  const table = (rows: readonly Row[]) =>
    shown(
      sortableTable<Row>({
        caption: 'Sizes',
        rows,
        id: ({ name }) => name,
        sortedBy: 'Size',
        empty: 'There is none.',
        columns: [
          { title: 'Name', kind: 'text', cell: ({ name }) => name },
          { title: 'Size', kind: 'number', key: ({ size }) => size, cell: ({ size }) => size ?? 'unknown' },
        ],
      }),
    );

  it('is a plain table with a caption, headers and one header for each row', () => {
    const root = table([
      { name: 'a', size: 2 },
      { name: 'b', size: undefined },
    ]);
    assert.equal(findOne(root, ({ name }) => name === 'caption').text, 'Sizes');
    const headers = findAll(root, ({ name }) => name === 'th').map(({ text, attributes }) => [
      text,
      attributes['scope'],
      attributes['aria-sort'],
    ]);
    assert.deepEqual(headers, [
      ['Name', 'col', undefined],
      ['Size', 'col', 'descending'],
      ['a', 'row', undefined],
      ['b', 'row', undefined],
    ]);
    const cells = findAll(root, ({ name }) => name === 'td').map(({ text, attributes }) => [
      text,
      attributes['data-key'],
    ]);
    assert.deepEqual(cells, [
      ['2', '2'],
      ['unknown', ''],
    ]);
  });

  it('has no buttons that would do nothing without script', () => {
    assert.deepEqual(
      findAll(table([{ name: 'a', size: 1 }]), ({ name }) => name === 'button'),
      [],
    );
  });

  it('says why there is no table', () => {
    assert.equal(table([]).text, 'There is none.');
  });
});

describe('parts of a page', () => {
  it('notice folds what is more than a few lines, and loses none', () => {
    const lines = Array.from({ length: 9 }, (_, at) => `line ${at}`);
    const root = shown(notice('warn', 'Careful', 'because', lines));
    assert.deepEqual(
      findAll(root, ({ name }) => name === 'li').map(({ text }) => text),
      lines,
    );
    assert.equal(findOne(root, ({ name }) => name === 'summary').text, '5 more');
  });

  it('commandBlock keeps the command as it is', () => {
    const command = `gcloud x --name='a "b" <c>' &&\n  gcloud y`;
    assert.equal(
      findOne(shown(commandBlock(command, 'fixes it')), ({ name }) => name === 'code').text,
      command,
    );
  });

  it('commandBlock warns of what cannot be seen in the command', () => {
    assert.match(shown(commandBlock(`x 'evil\u202Egnp'`, 'x')).text, /hidden characters/);
    assert.doesNotMatch(shown(commandBlock("x 'a' &&\n  y 'מחברת'", 'x')).text, /hidden/);
  });

  it('shortList takes one line for a few short texts only', () => {
    assert.equal(shown(shortList(['DE', 'FR'])).text, 'DE, FR');
    const long = ['x'.repeat(50), 'y'.repeat(50)];
    assert.equal(findAll(shown(shortList(long)), ({ name }) => name === 'li').length, 2);
  });

  it('factList pairs names with values', () => {
    assert.equal(shown(factList([['a', 'b']])).text, 'ab');
  });

  it('emptyState is text', () => {
    assert.equal(shown(emptyState('nothing')).text, 'nothing');
  });
});
