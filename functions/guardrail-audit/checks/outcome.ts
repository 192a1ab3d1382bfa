import type { UsdPerMonth } from '../../../shared/prices/money.ts';
import type { RuleId } from '../rules/rules.ts';
import { gapText, isRead, type Gap, type Reading } from '../reading.ts';

export type EvidenceValue = string | number | boolean | readonly string[];

/** One place where a rule fails. */
export interface Found {
  /** The resource's full name, such as `projects/P/zones/Z/instances/N`. */
  readonly resource: string;
  /** Where in the resource, such as `metadata/startup-script`; absent when it is the resource as a whole. */
  readonly place?: string;
  /** Tells it from others at the same place, by what stays the same from run to run. */
  readonly mark?: string;
  /** One sentence. */
  readonly detail: string;
  readonly evidence: Readonly<Record<string, EvidenceValue>>;
  /** What it costs; absent where it is about risk and not about money. */
  readonly usdPerMonth?: UsdPerMonth;
  /** Commands that fix it, in order, to be run as they stand save for words in capitals. */
  readonly commands: readonly string[];
}

export type Status = 'pass' | 'fail' | 'not-evaluable';

/** What became of one rule in one project. */
export interface Outcome {
  readonly rule: RuleId;
  readonly status: Status;
  /** How many things were looked at. */
  readonly looked: number;
  readonly found: readonly Found[];
  /** What could not be read: where something was found all the same, there may be more. */
  readonly gaps: readonly string[];
  /** Not evaluable, and for no other reason than that its API is off in the audited project: it does not cap the grade. */
  readonly isOffHere?: true;
  /** The command that makes it evaluable, where there is one. */
  readonly remedy?: string;
  /** Worth saying although nothing is wrong, such as references to Secret Manager. */
  readonly notes?: readonly string[];
}

/** What a rule says about the things it looked at. */
export interface Judgement {
  readonly looked: number;
  readonly found: readonly Found[];
  readonly notes?: readonly string[];
  /** What is unknown about some of them. */
  readonly gaps?: readonly Gap[];
}

/** Judges one rule by what was read. Nothing found in a partial reading is no pass: unknown is never fine. */
export function judge<T>(rule: RuleId, reading: Reading<T>, look: (value: T) => Judgement): Outcome {
  if (!isRead(reading)) {
    const { why, remedy, isOffHere } = reading;
    return {
      ...({ rule, status: 'not-evaluable', looked: 0, found: [], gaps: [why] } as const),
      ...(isOffHere === undefined ? {} : { isOffHere }),
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
  const { looked, found, notes = [], gaps: unknown = [] } = look(reading.value);
  const gaps = [...reading.gaps, ...unknown];
  const status = found.length > 0 ? 'fail' : gaps.length > 0 ? 'not-evaluable' : 'pass';
  const isOff = status === 'not-evaluable' && gaps.every((gap) => typeof gap !== 'string');
  return {
    ...{ rule, status, looked, found, gaps: gaps.map(gapText) },
    ...(isOff ? { isOffHere: true } : {}),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** Judges each of a list by itself. */
export function judgeEach<T>(
  rule: RuleId,
  reading: Reading<readonly T[]>,
  look: (one: T) => readonly Found[],
): Outcome {
  return judge(rule, reading, (all) => ({ looked: all.length, found: all.flatMap(look) }));
}
