import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { parse } from 'csv-parse/sync';
import {
  chooseTable,
  csvTables,
  reportCsv,
  type CsvTable,
} from '../../../../functions/egress-auditor/report/csv.ts';
import { renderReportPage } from '../../../../functions/egress-auditor/report/page.ts';
import type { EgressReport } from '../../../../functions/egress-auditor/report/report.ts';
import { BadParameter } from '../../../../shared/report/bad-parameter.ts';
import { bytesText, shareText, usdText } from '../../../../shared/report/numbers.ts';
import { visible } from '../../../../shared/report/text.ts';
import {
  figuresIn,
  findAll,
  findOne,
  hasClass,
  parsePage,
  type Element,
} from '../../../support/html-tree.ts';
import { emptyReport, hostileReport, HOSTILE_NAMES, sampleReport } from '../report-builder.ts';

const opened = (report: EgressReport): Element => parsePage(renderReportPage(report).text);
const section = (root: Element, id: string): Element =>
  findOne(root, ({ name, attributes }) => name === 'section' && attributes['id'] === id);
const byId = (root: Element, id: string): Element =>
  findOne(root, ({ attributes }) => attributes['data-id'] === id);
const headlineOf = (root: Element): Element => findOne(root, (element) => hasClass(element, 'headline'));
const amountOf = (root: Element): Element => findOne(root, (element) => hasClass(element, 'amount'));

function readCsv(report: EgressReport, table: CsvTable): Readonly<Record<string, string>>[] {
  return parse(reportCsv(report, table), { columns: true, record_delimiter: '\r\n' });
}

/** What a user gets who requests JSON. */
const asJson = (report: EgressReport): EgressReport => JSON.parse(JSON.stringify(report)) as EgressReport;

const usdFigures = (usd: EgressReport['lanes'][number]['usdPerMonth']) =>
  usd === 'unpriced'
    ? []
    : (usd.low === usd.high ? [usd.high] : [usd.low, usd.high]).map((value) => ({
        value,
        text: usdText(value),
      }));

describe('page, JSON and CSV agree', () => {
  const report = sampleReport();
  const json = asJson(report);
  const root = opened(report);

  it('about the headline', () => {
    const { usdPerMonth, monthlyBytes, bytes, canBeSaved } = json.headline;
    assert.deepEqual(figuresIn(amountOf(root)), usdFigures(usdPerMonth));
    const values = figuresIn(headlineOf(root)).map(({ value }) => value);
    for (const value of [monthlyBytes, bytes, json.lanes.length, json.findings.length])
      assert.ok(values.includes(value), String(value));
    for (const { value } of usdFigures(canBeSaved.usdPerMonth))
      assert.ok(values.includes(value), String(value));
  });

  it('about every lane', () => {
    const rows = readCsv(report, 'lanes').filter(({ kind }) => kind !== 'not-read');
    assert.equal(rows.length, json.lanes.length);
    for (const [at, lane] of json.lanes.entries()) {
      const row = rows[at] ?? {};
      const { id, usdPerMonth, bytes, monthlyBytes, bytesShare, costShare, previous, usdPerGib } = lane;
      if (previous === null) throw new Error(`${id} has no period before`);
      assert.equal(row['id'], id);
      assert.deepEqual(
        [row['usdPerMonthLow'], row['usdPerMonthHigh'], row['priced']],
        usdPerMonth === 'unpriced'
          ? ['', '', 'unpriced']
          : [String(usdPerMonth.low), String(usdPerMonth.high), 'priced'],
      );
      assert.deepEqual([row['bytes'], row['monthlyBytes'], row['bytesShare'], row['costShare']].map(Number), [
        bytes,
        monthlyBytes,
        bytesShare,
        costShare ?? 0,
      ]);
      assert.deepEqual(figuresIn(byId(section(root, 'lanes'), id)), [
        ...usdFigures(usdPerMonth),
        ...(costShare === null ? [] : [{ value: costShare, text: shareText(costShare) }]),
        ...usdFigures(previous.usdPerMonth),
        { value: previous.bytes, text: bytesText(previous.bytes) },
        { value: monthlyBytes, text: bytesText(monthlyBytes) },
        { value: bytesShare, text: shareText(bytesShare) },
        { value: bytes, text: bytesText(bytes) },
      ]);
      assert.deepEqual(
        [row['usdPerGibLow'], row['usdPerGibHigh'], row['previousBytes']],
        [String(usdPerGib?.low ?? ''), String(usdPerGib?.high ?? ''), String(previous.bytes)],
      );
      assert.equal(
        byId(section(root, 'lanes'), id).text.includes('GiB × '),
        usdPerGib !== null,
        'price × quantity',
      );
    }
  });

  it('about what can be saved and what the period before cost, in the table of the summary', () => {
    const [row = {}] = readCsv(report, 'summary');
    const { canBeSaved, previousUsdPerMonth, usdPerMonth, likelyUsdPerMonth } = json.headline;
    assert.deepEqual(
      [
        'canBeSavedLow',
        'canBeSavedHigh',
        'previousUsdLow',
        'previousUsdHigh',
        'usdPerMonthHigh',
        'likelyUsdLow',
      ].map((name) => Number(row[name])),
      [
        canBeSaved.usdPerMonth.low,
        canBeSaved.usdPerMonth.high,
        previousUsdPerMonth?.low,
        previousUsdPerMonth?.high,
        usdPerMonth.high,
        likelyUsdPerMonth.low,
      ],
    );
    assert.ok(headlineOf(root).text.includes(usdText(previousUsdPerMonth?.high ?? NaN)));
  });

  it('about every talker', () => {
    const talkers = json.lanes.flatMap(({ id, topTalkers }) =>
      topTalkers.map((talker) => ({ id, ...talker })),
    );
    const rows = readCsv(report, 'talkers').filter(({ laneKind }) => laneKind !== 'not-read');
    assert.deepEqual(
      rows.map(({ laneId, resource, bytes, share }) => ({
        id: laneId,
        resource,
        bytes: Number(bytes),
        share: Number(share),
      })),
      talkers,
    );
    const onPage = findAll(section(root, 'talkers'), ({ name }) => name === 'tr').slice(1);
    assert.deepEqual(
      onPage.map((row) => figuresIn(row).map(({ value }) => value)),
      talkers.toSorted((a, b) => b.bytes - a.bytes).map(({ bytes, share }) => [bytes, share]),
    );
  });

  it('about every finding', () => {
    const rows = readCsv(report, 'findings').filter(({ kind }) => kind !== 'not-read');
    for (const [at, { id, title, usdPerMonth, command }] of json.findings.entries()) {
      const card = byId(section(root, 'findings'), id);
      const saving = findOne(card, (element) => hasClass(element, 'saving'));
      assert.deepEqual(figuresIn(saving), usdFigures(usdPerMonth));
      if (usdPerMonth === 'unpriced') assert.match(saving.text, /^unpriced/);
      assert.equal(findOne(card, ({ name }) => name === 'h3').text, title);
      assert.equal(findOne(card, ({ name }) => name === 'code').text, command);
      const row = rows[at] ?? {};
      assert.deepEqual([row['id'], row['title'], row['command']], [id, title, command]);
      assert.deepEqual(
        [row['usdPerMonthLow'], row['usdPerMonthHigh']],
        usdPerMonth === 'unpriced' ? ['', ''] : [String(usdPerMonth.low), String(usdPerMonth.high)],
      );
    }
    assert.equal(rows.length, json.findings.length);
  });

  it('about every step', () => {
    const rows = readCsv(report, 'steps').filter(({ kind }) => kind !== 'not-read');
    assert.equal(rows.length, json.series.steps.length);
    for (const [at, { start, bytes, usd }] of json.series.steps.entries()) {
      assert.deepEqual(
        figuresIn(byId(section(root, 'days'), start)).map(({ value }) => value),
        [...usdFigures(usd).map(({ value }) => value), bytes],
      );
      assert.deepEqual([rows[at]?.['bytes'], rows[at]?.['usdLow'], rows[at]?.['usdHigh']].map(Number), [
        bytes,
        usd.low,
        usd.high,
      ]);
    }
  });
});

describe('what is unknown is never zero', () => {
  it('names every part that could not be read, before the findings and in every CSV table', () => {
    const report = sampleReport();
    const text = renderReportPage(report).text;
    for (const { where, why } of report.incomplete) {
      assert.ok(text.indexOf(where) > 0 && text.indexOf(where) < text.indexOf('id="findings"'), where);
      assert.ok(text.includes(why));
      for (const table of csvTables) {
        const gaps = readCsv(report, table).filter((row) => Object.values(row).includes('not-read'));
        assert.ok(
          gaps.some((row) => Object.values(row).includes(where) && Object.values(row).includes(why)),
          `${table}: ${where}`,
        );
      }
    }
  });

  it('shows every note', () => {
    const report = sampleReport();
    const notes = findAll(opened(report), ({ name }) => name === 'li').map(({ text }) => text);
    for (const note of report.notes) assert.ok(notes.includes(note), note);
  });

  it('calls a lane and a finding without price unpriced', () => {
    const root = opened(sampleReport());
    assert.match(byId(section(root, 'lanes'), 'hybrid:us-central1:on premises').text, /unpriced/);
    assert.match(headlineOf(root).text, /One lane has no price and is not in it: 1\.36 TiB a month/);
  });

  it('has no amount where no lane has a price', () => {
    const lanes = sampleReport().lanes.filter(({ usdPerMonth }) => usdPerMonth === 'unpriced');
    assert.equal(amountOf(opened(sampleReport({ lanes }))).text, 'unpriced');
  });

  it('has no amount where nothing could be read', () => {
    const incomplete = [{ where: 'projects/ml-research', why: '403' }];
    const root = opened(emptyReport({ incomplete }));
    assert.equal(amountOf(root).text, 'unknown');
    assert.match(section(root, 'findings').text, /in what could be read/);
    assert.equal(readCsv(emptyReport({ incomplete }), 'lanes').length, 1);
  });

  it('says zero where all was read and nothing was sent', () => {
    const root = opened(emptyReport());
    assert.equal(amountOf(root).text, '$0.00');
    assert.match(headlineOf(root).text, /No traffic was metered in the 7d/);
    assert.equal(
      section(root, 'findings').text,
      'FindingsPlacement mistakes behind the cost, the most expensive first, each with the command that fixes it.No placement mistake was found.',
    );
  });
});

describe('hostile names', () => {
  const report = hostileReport();
  const root = opened(report);

  it('are shown as text, whole', () => {
    for (const [at, name] of HOSTILE_NAMES.entries()) {
      const card = byId(section(root, 'findings'), `hostile-${at}`);
      const texts = findAll(card, (element) => element.name === 'bdi').map(({ text }) => text);
      assert.ok(texts.includes(visible(name)), name.slice(0, 50));
      assert.ok(
        findAll(section(root, 'talkers'), (element) => element.name === 'bdi').some(
          ({ text }) => text === visible(name),
        ),
      );
    }
  });

  it('make no element and no attribute', () => {
    const names = new Set(findAll(root, () => true).map(({ name }) => name));
    assert.ok(!names.has('img'));
    assert.equal(findAll(root, ({ name }) => name === 'script').length, 1);
    assert.equal(findAll(root, ({ name }) => name === 'h1').length, 1);
    for (const { attributes } of findAll(root, () => true))
      for (const key of Object.keys(attributes)) assert.match(key, /^(?!on)[a-z][a-zA-Z0-9-]*$/);
  });

  it('leave the command as it is, line feeds too', () => {
    for (const [at, { command }] of report.findings.entries()) {
      const code = findOne(byId(section(root, 'findings'), `hostile-${at}`), ({ name }) => name === 'code');
      // A browser cannot hold a zero character; a shell cannot either.
      assert.equal(code.text, command.replaceAll('\u0000', ''));
    }
  });

  it('are no formulas in any CSV table', () => {
    for (const table of csvTables)
      for (const row of readCsv(report, table))
        for (const field of Object.values(row)) assert.doesNotMatch(field, /^\s*[=+\-@]/);
  });
});

describe('chooseTable', () => {
  it('takes the lanes where none is named', () => {
    assert.equal(chooseTable(undefined), 'lanes');
    assert.equal(chooseTable('findings'), 'findings');
  });
  for (const value of ['', 'Lanes', 'toString', ['lanes', 'steps']])
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(() => chooseTable(value), BadParameter);
    });
});
