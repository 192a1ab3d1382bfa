import { describe, expect, it } from 'vitest';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { METRICS } from '../../../functions/spend-watch/metrics/points.ts';
import { findMethod } from '../../sandbox/discovery/catalog.ts';
import { checkBody } from '../../sandbox/discovery/check.ts';

const functions = await readFunctions();
const dashboard = functions.find(({ name }) => name === 'spend-watch')?.dashboard;
const text = JSON.stringify(dashboard);

/** What each metric is told apart by: the table in the README of spend-watch. */
const LABELS: Readonly<Record<keyof typeof METRICS, readonly string[]>> = {
  burn_usd_per_hour: ['project', 'kind', 'bound'],
  month_usd: ['project', 'kind'],
  budget_spend_usd: ['budget', 'name', 'bound'],
  budget_reported_usd: ['budget', 'name'],
  budget_amount_usd: ['budget', 'name'],
  budget_estimate_blocked: ['budget', 'name'],
  oldest_region_minutes: ['project'],
  look_incomplete: ['project'],
};

interface DataSet {
  readonly timeSeriesQuery: {
    readonly timeSeriesFilter: {
      readonly filter: string;
      readonly aggregation: { readonly groupByFields?: readonly string[] };
    };
  };
  readonly legendTemplate?: string;
}
interface Tile {
  readonly xPos?: number;
  readonly yPos?: number;
  readonly width: number;
  readonly height: number;
  readonly widget: { readonly title: string; readonly xyChart?: { readonly dataSets: readonly DataSet[] } };
}
const { mosaicLayout } = dashboard as unknown as {
  readonly mosaicLayout: { readonly tiles: readonly Tile[] };
};

describe('the dashboard of spend-watch', () => {
  it('is what the Monitoring API takes, field by field and value by value', () => {
    const method = findMethod('POST', 'monitoring.googleapis.com', '/v1/projects/ml-ops/dashboards');
    if (method === undefined) throw new Error('The method is not frozen');
    expect(checkBody(method, dashboard)).toEqual([]);
    expect(checkBody(method, { ...dashboard, colour: 'red' })).toHaveLength(1);
  });

  it('has no name, no labels and no etag, which deploy.sh adds, and no project', () => {
    for (const key of ['name', 'labels', 'etag']) expect(dashboard).not.toHaveProperty(key);
    expect(text).not.toMatch(/projects\//);
  });

  it('shows every metric that is written, and groups and names series by labels that they have', () => {
    const sets = mosaicLayout.tiles.flatMap(({ widget }) => widget.xyChart?.dataSets ?? []);
    const shown = new Set<string>();
    for (const { timeSeriesQuery, legendTemplate = '' } of sets) {
      const { filter, aggregation } = timeSeriesQuery.timeSeriesFilter;
      const [, metric = ''] = /metric\.type="custom\.googleapis\.com\/costguard\/(\w+)"/.exec(filter) ?? [];
      shown.add(metric);
      const known = (LABELS as Readonly<Record<string, readonly string[]>>)[metric];
      const used = [
        ...(aggregation.groupByFields ?? []),
        ...[...filter.matchAll(/metric\.label\.\w+/g)].map(([label]) => label),
        ...[...legendTemplate.matchAll(/metric\.labels\.\w+/g)].map(([label]) => label),
      ].map((label) => label.replace(/^metric\.labels?\./, ''));
      expect(known, metric).toEqual(expect.arrayContaining(used));
    }
    expect([...shown].sort()).toEqual(Object.keys(METRICS).sort());
  });

  it('adds up the expected burn alone: the bounds are no parts of it', () => {
    const burns = mosaicLayout.tiles
      .flatMap(({ widget }) => widget.xyChart?.dataSets ?? [])
      .map(({ timeSeriesQuery }) => timeSeriesQuery.timeSeriesFilter.filter)
      .filter((filter) => filter.includes('burn_usd_per_hour'));
    expect(burns).toHaveLength(2);
    for (const filter of burns) expect(filter).toMatch(/metric\.label\.bound="expected"/);
  });

  it('has no tile upon another', () => {
    const taken = new Set<string>();
    for (const { xPos = 0, yPos = 0, width, height, widget } of mosaicLayout.tiles)
      for (let x = xPos; x < xPos + width; x++)
        for (let y = yPos; y < yPos + height; y++) {
          expect(taken.has(`${x} ${y}`), widget.title).toBe(false);
          taken.add(`${x} ${y}`);
        }
  });
});
