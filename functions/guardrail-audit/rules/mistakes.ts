/** The eight mistakes, in the order of the report. */
export const MISTAKES = [
  { id: 'budget-alerts', title: 'No budget alerts' },
  { id: 'notebooks', title: 'Notebooks that run day and night' },
  { id: 'machines', title: 'Machines larger than what they run' },
  { id: 'lifecycle', title: 'No lifecycle for data and models' },
  { id: 'egress', title: 'Egress that is not monitored' },
  { id: 'credentials', title: 'Hard-coded credentials' },
  { id: 'iam', title: 'No plan for access' },
  { id: 'staging', title: 'No staging' },
] as const;

export type MistakeId = (typeof MISTAKES)[number]['id'];

export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a failed rule takes from the score. */
export const WEIGHTS: Readonly<Record<Severity, number>> = { critical: 10, high: 6, medium: 3, low: 1 };

export interface Rule {
  readonly mistake: MistakeId;
  readonly severity: Severity;
  /** The mistake in a few words. */
  readonly title: string;
  /** Number in the CIS Google Cloud Platform Foundation Benchmark 5.0, where it has one. */
  readonly cis?: string;
  /** Its findings say what they cost a month. */
  readonly hasCost?: true;
  /** Why it matters, one sentence. */
  readonly help: string;
}
