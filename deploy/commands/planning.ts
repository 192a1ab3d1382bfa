import { configure, readRequest } from '../../functions/cost-estimator/config.ts';
import { decideReport, type Report } from '../../functions/cost-estimator/decide.ts';
import { gatherBooks } from '../../functions/cost-estimator/gather.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { checkNoOperands, readCommandLine, runCommand } from '../command-line.ts';
import { WrongUsage } from '../desired/problem.ts';
import { paragraph, wrapText } from './text-table.ts';

export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** A question to the estimator on the command line: its parameters are options, `machineType` is `--machine-type`. */
export interface Question {
  readonly usage: string;
  readonly path: '/' | '/fit';
  readonly parameters: readonly string[];
  readonly tables: (report: Report) => string;
}

const optionOf = (parameter: string): string =>
  parameter.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Answers a question with tables, or with `--format json` with the whole report; its exit code: 0, or 2 for wrong usage. */
export async function planningCommand(
  { usage, path, parameters, tables }: Question,
  args: readonly string[],
  now: Date,
  output: Output,
): Promise<number> {
  return runCommand(usage, output, () => {
    const options = Object.fromEntries(
      parameters.map((parameter) => [optionOf(parameter), { type: 'string' as const }]),
    );
    const { values, positionals } = readCommandLine(usage, args, options);
    checkNoOperands(positionals);
    const query = Object.fromEntries(
      parameters.flatMap((parameter) => {
        const value = values[optionOf(parameter)];
        return value === undefined ? [] : [[parameter, value]];
      }),
    );
    const report = answer(path, query, now);
    output.out(query['format'] === 'json' ? `${JSON.stringify(report, null, 2)}\n` : tables(report));
    if (report.oldPrices !== undefined) output.err(paragraph(report.oldPrices));
    return Promise.resolve(0);
  });
}

function answer(path: Question['path'], query: Readonly<Record<string, string>>, now: Date): Report {
  try {
    const request = readRequest({
      method: 'GET',
      path,
      query: { ...query, format: 'json' },
      body: undefined,
      accept: undefined,
    });
    return decideReport(gatherBooks(now), configure(request, 'us-central1'), now);
  } catch (error) {
    if (error instanceof BadParameter)
      throw new WrongUsage(
        wrapText(
          `Cannot use --${optionOf(error.parameter)} ${error.value ?? '(absent)'}: allowed is ${error.allowed}`,
        ).join('\n'),
      );
    throw error;
  }
}
