import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { writeCsv, type CsvValue } from '../../../shared/report/csv.ts';

const single = (value: CsvValue): string => writeCsv([{ name: 'a', value: (row: CsvValue) => row }], [value]);

describe('writeCsv', () => {
  it('writes a header, CRLF after every line and empty fields for null', () => {
    const columns = [
      { name: 'name', value: (row: { name: string; n: number | null }) => row.name },
      { name: 'n', value: (row: { name: string; n: number | null }) => row.n },
    ];
    assert.equal(
      writeCsv(columns, [
        { name: 'x', n: 1.5 },
        { name: 'y', n: null },
      ]),
      'name,n\r\nx,1.5\r\ny,\r\n',
    );
    assert.equal(writeCsv(columns, []), 'name,n\r\n');
  });

  it('has no byte order mark', () => {
    assert.equal(single('ä').charCodeAt(0), 'a'.charCodeAt(0));
  });

  const fields: readonly [string, CsvValue, string][] = [
    ['plain text', 'us-central1-a', 'us-central1-a'],
    ['a comma', 'a,b', '"a,b"'],
    ['a quote', 'a "b"', '"a ""b"""'],
    ['a line feed', 'a\nb', '"a\nb"'],
    ['a carriage return', 'a\rb', '"a\rb"'],
    ['white space at an end', 'a ', '"a "'],
    ['a formula', '=1+1', "'=1+1"],
    [
      'a formula with a comma',
      '=HYPERLINK("https://example.com","x")',
      `"'=HYPERLINK(""https://example.com"",""x"")"`,
    ],
    ['a plus', '+1', "'+1"],
    ['a minus', '-1', "'-1"],
    ['an at sign', '@SUM(A1)', "'@SUM(A1)"],
    ['a full-width equals sign', '＝1', "'＝1"],
    ['white space before a formula', ' =1', "' =1"],
    ['NUL before a formula', '\u0000=1', "'\u0000=1"],
    ['ESC before a formula', '\u001b=1', "'\u001b=1"],
    ['a zero-width space before a formula', '\u200b=1', "'\u200b=1"],
    ['a byte order mark and a direction mark before a formula', '\ufeff\u202e+1', "'\ufeff\u202e+1"],
    ['a soft hyphen and a tag before a formula', '\u00ad\u{e0041}@x', "'\u00ad\u{e0041}@x"],
    ['a grapheme joiner and a variation selector before a formula', '\u034f\ufe0f=1', "'\u034f\ufe0f=1"],
    ['an accent before a formula', '\u0301-1', "'\u0301-1"],
    ['a small plus sign', '﹢1', "'﹢1"],
    ['a zero-width space before text', '\u200bx', '\u200bx'],
    ['a tab', '\tx', "'\tx"],
    ['a line feed first', '\nx', `"'\nx"`],
    ['an apostrophe', "'x", "''x"],
    ['a negative number', -1.5, '-1.5'],
    ['a boolean', true, 'true'],
    ['text that looks like a number', '007', '007'],
  ];
  for (const [name, value, wanted] of fields)
    it(`writes ${name}`, () => {
      assert.equal(single(value), `a\r\n${wanted}\r\n`);
    });

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
    it(`refuses ${value}`, () => {
      assert.throws(() => single(value), RangeError);
    });

  it('is read back as it was by another reader, and never as a formula', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '=',
          '+',
          '-',
          '@',
          "'",
          '"',
          ',',
          '\r',
          '\n',
          '\t',
          ' ',
          'a',
          '＝',
          '\0',
          '\u001b',
          '\u200b',
        ),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (rows) => {
        const csv = writeCsv(
          [
            { name: 'a', value: (row: [string, string]) => row[0] },
            { name: 'b', value: (row: [string, string]) => row[1] },
          ],
          rows,
        );
        const read: string[][] = parse(csv, { record_delimiter: '\r\n' });
        for (const field of read.flat()) assert.doesNotMatch(field, /^[\s\p{Cc}\p{Cf}]*[=+\-@]/u);
        assert.deepEqual(
          read.slice(1).map((row) => row.map((field) => field.replace(/^'/, ''))),
          rows,
        );
      }),
    );
  });
});
