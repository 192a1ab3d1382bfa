import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  chooseFormat,
  errorFormat,
  formatHeaders,
  NotAcceptable,
  type AnswerFormat,
} from '../../../shared/report/formats.ts';
import { BadParameter } from '../../../shared/report/bad-parameter.ts';

const OFFERED: readonly [AnswerFormat, ...AnswerFormat[]] = ['json', 'html', 'csv'];

const BROWSERS = {
  chrome:
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
  firefox: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
};

describe('chooseFormat', () => {
  const cases: readonly [string, unknown, string | undefined, AnswerFormat][] = [
    ['nothing said', undefined, undefined, 'json'],
    ['an empty header', undefined, ' ', 'json'],
    ['curl', undefined, '*/*', 'json'],
    ['Chrome', undefined, BROWSERS.chrome, 'html'],
    ['Firefox', undefined, BROWSERS.firefox, 'html'],
    ['one type', undefined, 'text/csv', 'csv'],
    ['upper case', undefined, 'TEXT/CSV', 'csv'],
    ['a range of types', undefined, 'text/*', 'html'],
    ['the higher quality, named last', undefined, 'text/html;q=0.5, text/csv;q=0.9', 'csv'],
    ['equal quality: as named', undefined, 'text/csv, text/html', 'csv'],
    ['a type excluded by quality 0', undefined, 'application/json;q=0, */*', 'html'],
    ['a type before a range of the same quality', undefined, '*/*, text/csv', 'csv'],
    ['JSON with its charset', undefined, 'application/json; charset=utf-8', 'json'],
    ['unknown types beside a known one', undefined, 'image/png, text/html;q=0.1', 'html'],
    ['the parameter against the header', 'csv', BROWSERS.chrome, 'csv'],
    ['the parameter where the header fits nothing', 'html', 'image/png', 'html'],
  ];
  for (const [name, parameter, accept, wanted] of cases)
    it(`gives ${wanted} for ${name}`, () => {
      assert.equal(chooseFormat({ parameter, accept }, OFFERED), wanted);
    });

  const bad: readonly [unknown, string][] = [
    ['xml', 'Cannot use format "xml": allowed is json, html, csv'],
    ['', 'Cannot use format "": allowed is json, html, csv'],
    ['JSON', 'Cannot use format "JSON": allowed is json, html, csv'],
    [['json', 'csv'], 'Cannot use format "[\\"json\\",\\"csv\\"]": allowed is json, html, csv'],
    ['toString', 'Cannot use format "toString": allowed is json, html, csv'],
  ];
  for (const [parameter, message] of bad)
    it(`refuses the parameter ${JSON.stringify(parameter)}`, () => {
      assert.throws(
        () => chooseFormat({ parameter, accept: '*/*' }, OFFERED),
        (error) => {
          assert.ok(error instanceof BadParameter);
          assert.equal(error.message, message);
          assert.deepEqual([error.parameter, error.allowed], ['format', 'json, html, csv']);
          return true;
        },
      );
    });

  it('repeats a long value in short', () => {
    assert.throws(
      () => chooseFormat({ parameter: 'x'.repeat(10_000), accept: undefined }, OFFERED),
      (error) =>
        error instanceof BadParameter && error.message.length < 300 && (error.value ?? '').length < 300,
    );
  });

  for (const accept of ['image/png', 'text/html;q=0', '*/*;q=0', 'garbage'])
    it(`finds nothing for "${accept}"`, () => {
      assert.throws(() => chooseFormat({ parameter: undefined, accept }, OFFERED), NotAcceptable);
    });

  it('chooses among what is on offer only', () => {
    assert.equal(
      chooseFormat({ parameter: undefined, accept: 'text/csv, text/html;q=0.1' }, ['json', 'html']),
      'html',
    );
    assert.throws(
      () => chooseFormat({ parameter: 'csv', accept: undefined }, ['json', 'html']),
      BadParameter,
    );
  });
});

describe('errorFormat', () => {
  const cases: readonly [string, unknown, string | undefined, 'json' | 'html'][] = [
    ['nothing said', undefined, undefined, 'json'],
    ['a browser', undefined, BROWSERS.chrome, 'html'],
    ['a browser that requested JSON', 'json', BROWSERS.chrome, 'json'],
    ['a browser that requested CSV', 'csv', BROWSERS.chrome, 'json'],
    ['a tool that requested the page', 'html', '*/*', 'html'],
    ['a browser with an unknown format', 'xml', BROWSERS.firefox, 'html'],
    ['a tool with an unknown format', 'xml', '*/*', 'json'],
    ['a header that fits nothing', undefined, 'image/png', 'json'],
  ];
  for (const [name, parameter, accept, wanted] of cases)
    it(`gives ${wanted} for ${name}`, () => {
      assert.equal(errorFormat({ parameter, accept }), wanted);
    });
});

describe('formatHeaders', () => {
  it('names the type with its charset and lets no one keep or guess', () => {
    assert.deepEqual(formatHeaders('csv'), {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      vary: 'Accept',
    });
  });
});
