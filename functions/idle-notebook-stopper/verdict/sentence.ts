import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { missingSignal } from '../signals/gpu-signal.ts';
import { isTolerated } from './activity.ts';
import { judgedCpu, judgedDisk, judgedGpu, judgedNetwork, type Judged } from './threshold.ts';
import type { Verdict } from './verdict.ts';

/** With what is said around it, two lines of 80 characters. */
const MAX_WHY = 104;

/** A verdict as a person would say it, in two lines at most. */
export function sentenceOf(facts: NotebookFacts, config: Config, verdict: Verdict, now: Date): string {
  const { action, reason, evidence = {} } = verdict;
  const why = typeof evidence['why'] === 'string' ? shortened(evidence['why']) : undefined;
  if (action === 'start')
    return 'The working hours have begun, and costguard had stopped it because of them.';
  if (action === 'stop' || action === 'warn' || reason === 'warned')
    return restingText(facts, config, verdict, now);
  const started = minutesSince(evidence['startedAt'], now);
  switch (reason) {
    case 'young':
      return `It was started ${durationText(started ?? 0)} ago, which is too short a time to judge it by.`;
    case 'kept':
      return `Its label ${config.keepLabel} keeps it${keptText(String(evidence['keepLabel']))}.`;
    case 'stopped':
      return why === undefined ? 'It does not run.' : `It does not run: ${why}.`;
    case 'budget-rung':
      return `It is not started for the working hours: ${why ?? 'a rung of its budget is in force'}.`;
    case 'transitional':
      return why === undefined ? `It is ${facts.state.toLowerCase()}.` : `It is on its way: ${why}.`;
    case 'waits-for':
      return `It rests, and is kept: ${why ?? 'it may wait for a job'}.`;
    case 'active':
      return `It is in use: ${why ?? 'a signal is above its threshold'}.`;
    default:
      return `It is kept, as it cannot be judged. ${capitalised(why ?? reason)}.`;
  }
}

/** What the keep label says, as the end of a sentence. */
function keptText(label: string): string {
  if (label === 'true') return '';
  return label.startsWith('until ') ? ` ${label}` : `: ${label}`;
}

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** Why it rests, and what comes next. */
function restingText(facts: NotebookFacts, config: Config, verdict: Verdict, now: Date): string {
  const { reason, evidence = {} } = verdict;
  // The longer look decided only where a verdict was inferred from it.
  const looked = evidence['inferred'] === undefined ? { ...facts, longerLook: undefined } : facts;
  const fromMs = looked.longerLook?.fromMs ?? facts.observedFromMs;
  const peaks = peaksText(looked, config);
  const proof = strayText(facts, config) ?? (peaks === '' ? '' : ` (${peaks})`);
  const rested = `It rested for ${durationText((now.getTime() - fromMs) / 60_000)}${proof}`;
  const inferred =
    evidence['inferred'] === undefined
      ? ''
      : `, inferred (no ${missingSignal(facts.gpus, facts.signals)?.of ?? 'GPU'} metric)`;
  const hours = reason === 'outside-hours' ? ', outside hours' : '';
  const stopsAt = evidence['stopsAt'];
  const next =
    verdict.action === 'stop' || typeof stopsAt !== 'string'
      ? facts.billsOn.length === 0
        ? ''
        : ` Stopped, it still bills ${facts.billsOn.join(' and ')}.`
      : ` If unused, it stops at ${stopsAt.slice(11, 16)} UTC.`;
  return `${rested}${inferred}${hours}.${next}`;
}

/** Where some minutes were tolerated, they count, and not what they peaked at. */
function strayText({ stray, longerLook }: NotebookFacts, config: Config): string | undefined {
  const minutes = [stray, longerLook?.stray].flatMap((one) =>
    one !== undefined && isTolerated(one, config) ? [one.busiestDay] : [],
  );
  return minutes.length === 0
    ? undefined
    : `, but for ${durationText(Math.max(...minutes))} of a day at most, which is tolerated`;
}

/** `CPU at most 0.08 cores, GPU 0 %, network 512 B/s`: of the window that counts. */
function peaksText(facts: NotebookFacts, config: Config): string {
  const { signals, longerLook } = facts;
  const told = signals.gpu.kind === 'measured' && longerLook === undefined;
  const shown: readonly Judged[] = [
    judgedCpu(facts, config, longerLook?.cpu ?? signals.cpu),
    ...(told ? [judgedGpu(config, signals.gpu)] : []),
    judgedNetwork(config, longerLook?.network ?? signals.network),
    ...(longerLook === undefined ? [] : [judgedDisk(config, longerLook.disk)]),
  ];
  return shown
    .flatMap(({ name, signal, show }) => (signal.kind === 'measured' ? [`${name} ${show(signal.peak)}`] : []))
    .join(', ')
    .replace(' ', ' at most ');
}

/** What Google answers may be of any length; the whole of it stands beside. */
function shortened(why: string): string {
  const text = why.replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z/g, '$1 $2 UTC');
  return text.length <= MAX_WHY ? text : `${text.slice(0, MAX_WHY).replace(/\W+\w*$/, '')} …`;
}

function minutesSince(moment: unknown, now: Date): number | undefined {
  const ms = typeof moment === 'string' ? Date.parse(moment) : NaN;
  return Number.isNaN(ms) ? undefined : (now.getTime() - ms) / 60_000;
}

/** `45 minutes`, `3 hours`, `2 days`. */
export function durationText(minutes: number): string {
  const rounded = Math.round(minutes);
  if (rounded < 120) return `${rounded} minute${rounded === 1 ? '' : 's'}`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
