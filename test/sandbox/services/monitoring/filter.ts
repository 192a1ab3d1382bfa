import { invalidFilter, parseFilter, type Expression, type Field } from './filter-parser.ts';
import { findMetric, resourceLabelsOf } from './metric-catalog.ts';
import type { Labelled, SeriesQuery } from './series.ts';

/** What a filter looks at. A metric descriptor has no labels to compare, a time series has all. */
export interface Subject {
  readonly metric: Labelled;
  readonly resource: Labelled;
}

export interface SeriesFilter {
  readonly query: SeriesQuery;
  readonly matches: (subject: Subject) => boolean;
}

/**
 * Reads the filter of `timeSeries.list`: it has to pin exactly one metric type. Errors: INVALID_ARGUMENT for a syntax
 * error, an unknown field, another number of metric types, and a label that the metric or its resource does not have.
 */
export function readSeriesFilter(filter: string): SeriesFilter {
  const expression = parseFilter(filter);
  const metricType = singleMetricType(filter, expression);
  checkLabels(filter, expression, metricType);
  const resourceLabels: Record<string, readonly string[]> = {};
  for (const part of conjunctsOf(expression)) {
    const pinned = pinnedBy(part);
    if (pinned?.field.of !== 'resource.labels') continue;
    const before = resourceLabels[pinned.field.label];
    resourceLabels[pinned.field.label] = [...pinned.values].filter(
      (value) => before?.includes(value) ?? true,
    );
  }
  return { query: { metricType, resourceLabels }, matches: (subject) => evaluate(expression, subject) };
}

/** Reads the filter of the descriptor lists, which may be empty and may match many metric types. */
export function readDescriptorFilter(filter: string): (subject: Subject) => boolean {
  if (filter.trim() === '') return () => true;
  const expression = parseFilter(filter);
  return (subject) => evaluate(expression, subject);
}

function conjunctsOf(expression: Expression): readonly Expression[] {
  return expression.kind === 'and' ? expression.parts.flatMap(conjunctsOf) : [expression];
}

/** The field and the values it can have, when the expression is `F = "a"`, `F = one_of(…)`, or an OR of such on one F. */
function pinnedBy(expression: Expression): { field: Field; values: ReadonlySet<string> } | undefined {
  if (expression.kind === 'compare') {
    const { field, operator, operand } = expression;
    if (operator !== '=' || operand.kind === 'function') return undefined;
    return { field, values: operand.kind === 'text' ? new Set([operand.text]) : operand.values };
  }
  if (expression.kind !== 'or') return undefined;
  const parts = expression.parts.map(pinnedBy);
  const first = parts[0];
  if (first === undefined) return undefined;
  const values = new Set<string>();
  for (const part of parts) {
    if (part?.field.of !== first.field.of || part.field.label !== first.field.label) return undefined;
    for (const value of part.values) values.add(value);
  }
  return { field: first.field, values };
}

function singleMetricType(filter: string, expression: Expression): string {
  const types = new Set<string>();
  for (const part of conjunctsOf(expression)) {
    const pinned = pinnedBy(part);
    if (pinned?.field.of === 'metric.type') for (const value of pinned.values) types.add(value);
  }
  const [type, ...more] = types;
  if (type === undefined || more.length > 0)
    throw invalidFilter(filter, 'The filter must specify a single metric type: metric.type = "…".');
  return type;
}

function fieldsOf(expression: Expression): readonly Field[] {
  if (expression.kind === 'compare') return [expression.field];
  return expression.kind === 'not' ? fieldsOf(expression.part) : expression.parts.flatMap(fieldsOf);
}

function checkLabels(filter: string, expression: Expression, metricType: string): void {
  const metric = findMetric(metricType);
  if (metric === undefined) return;
  const known = { 'metric.labels': metric.labels, 'resource.labels': resourceLabelsOf(metric.resourceType) };
  for (const { of, label } of fieldsOf(expression))
    if ((of === 'metric.labels' || of === 'resource.labels') && !known[of].includes(label))
      throw invalidFilter(filter, `"${of}.${label}" is not a label of ${metricType}.`);
}

function evaluate(expression: Expression, subject: Subject): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.parts.every((part) => evaluate(part, subject));
    case 'or':
      return expression.parts.some((part) => evaluate(part, subject));
    case 'not':
      return !evaluate(expression.part, subject);
    case 'compare':
      return compare(expression, valueOf(expression.field, subject));
  }
}

/** The value that a field has in a series; undefined when the series lacks that label. */
export function valueOf(field: Field, { metric, resource }: Subject): string | undefined {
  switch (field.of) {
    case 'metric.type':
      return metric.type;
    case 'resource.type':
      return resource.type;
    case 'project':
      return resource.labels['project_id'];
    case 'metric.labels':
      return metric.labels[field.label];
    case 'resource.labels':
      return resource.labels[field.label];
  }
}

function compare(
  { operator, operand }: Extract<Expression, { kind: 'compare' }>,
  value: string | undefined,
): boolean {
  if (operator === '!=') return value === undefined || !equals(operand, value);
  if (value === undefined) return false;
  if (operator === '=') return equals(operand, value);
  if (operand.kind !== 'text') return false;
  if (operator === ':') return operand.text === '*' || value.includes(operand.text);
  const [left, right] = [Number(value), Number(operand.text)];
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

function equals(operand: Extract<Expression, { kind: 'compare' }>['operand'], value: string): boolean {
  switch (operand.kind) {
    case 'text':
      return operand.text === value;
    case 'one_of':
      return operand.values.has(value);
    case 'function':
      return operand.matches(value);
  }
}
