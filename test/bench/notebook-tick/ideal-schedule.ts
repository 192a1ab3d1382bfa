/** Peaks and point counts of CPU, GPU, sent and received bytes. */
const QUERIES = 8;

/** Notebooks of one page, and of one set of queries. */
const PAGE = 100;
const BATCH = 80;

/** Series of one page of a query of the whole project. */
const SERIES = 1_000;

/**
 * The longest chain of calls of which each needs the answer before it: what a scheduler with endless processors and
 * connections cannot beat, times the latency of one answer. It is counted from the calls that were made.
 *
 * - The pages of one listing come one after the other, because each names the next. The three listings (notebooks, disks,
 *   VMs) need nothing of each other; what joins them is done in memory.
 * - The signals of some notebooks need the page that names them and what is remembered (the window's start), so that those
 *   of the last page come after it. The queries are independent of each other.
 * - Where most VMs are notebooks, each metric of all of them is one query of some pages. It can be sent once the VMs and half of
 *   the notebooks are listed.
 * - The jobs that a resting notebook may wait for are read once, after the first signals: a listing of regions and one of each.
 * - The end of the receipt needs everything. What comes before goes up while the next pages are read.
 *
 * In observe mode nothing else is called. Throws when the calls are not of this pattern, e.g. after a retry.
 */
export function idealCalls(calls: Readonly<Record<string, number>>): number {
  const {
    'notebooks.projects.locations.instances.list': pages = 0,
    'monitoring.projects.timeSeries.list': queries = 0,
    'compute.disks.aggregatedList': diskPages = 0,
    'compute.instances.aggregatedList': vmPages = 0,
    'storage.objects.get': memoryReads = 0,
    'storage.objects.insert': receiptWrites = 0,
    ...rest
  } = calls;
  const isOfJobs = (name: string): boolean => name.startsWith('aiplatform.');
  const others = Object.keys(rest).filter((name) => !isOfJobs(name));
  const readsJobs = Object.keys(rest).some(isOfJobs);
  const batches = queries / QUERIES;
  const isWide = pages > 1 && queries <= QUERIES * Math.ceil((pages * PAGE) / SERIES);
  const plausible =
    isWide || (Number.isInteger(batches) && batches >= 1 && batches <= Math.ceil((pages * PAGE) / BATCH));
  if (!plausible || others.length > 0)
    throw new Error(`Cannot tell the ideal schedule of these calls: ${JSON.stringify(calls)}`);
  const signalsRead = isWide
    ? Math.max(Math.ceil(pages / 2), vmPages, memoryReads) + Math.ceil(queries / QUERIES)
    : Math.max(pages, memoryReads) + 1;
  // After the first signals: what regions there are, and the jobs in all of them at once.
  const firstSignals = isWide ? signalsRead : Math.max(1, memoryReads) + 1;
  const jobsRead = readsJobs ? firstSignals + 2 : 0;
  return Math.max(pages, signalsRead, jobsRead, diskPages, vmPages) + Math.min(1, receiptWrites);
}
