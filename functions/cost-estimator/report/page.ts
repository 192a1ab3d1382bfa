import type { Html } from '../../../shared/report/page.ts';
import type { Report } from '../decide.ts';
import { renderEstimate } from './estimate-page.ts';
import { renderFit } from './fit-page.ts';

/** The answer as a page, with a form that holds what was sent. */
export function renderEstimatePage(report: Report, fields: Readonly<Record<string, unknown>>): Html {
  return report.kind === 'estimate' ? renderEstimate(report, fields) : renderFit(report, fields);
}
