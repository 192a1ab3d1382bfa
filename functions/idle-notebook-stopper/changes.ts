import type { NotebookInstance } from '../../shared/google/notebooks.ts';

/**
 * What a person or a controller sets on an instance. `updateTime` is no part of it: with each health report of the
 * instance's agent, about every 30 seconds while it is ACTIVE, the service moves that by itself (cloud-custodian's recorded
 * answers of 2026-08-12, test/fixtures/notebooks-v2-heartbeat).
 */
export interface Settings {
  /** With the VM's id: one that was deleted and made again under its name is another. */
  readonly createTime: string;
  readonly vmId: string;
  /** As the API has it. */
  readonly machineType: string;
  readonly accelerators: readonly Accelerator[];
  readonly labels: Readonly<Record<string, string>>;
  /** Without what Workbench writes. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Accelerator {
  /** Undefined for one that is newer than Google's client. */
  readonly type: string | undefined;
  readonly count: string;
}

/**
 * Metadata that Workbench itself writes, at creation, when an agent registers with the proxy, and at an upgrade: the keys of
 * the recorded instances that no user had set, and those that Google's page "manage metadata" calls protected.
 */
const WRITTEN_BY_WORKBENCH: ReadonlySet<string> = new Set([
  ...['proxy-backend-id', 'proxy-mode', 'proxy-registration-url', 'proxy-url', 'new-proxy-agent-enabled'],
  ...['notebooks-api', 'notebooks-api-version', 'instance-region', 'resource-url', 'report-event-url'],
  ...['report-notebook-metrics', 'report-system-health', 'report-system-status', 'install-monitoring-agent'],
  ...['disable-swap-binaries', 'shutdown-script', 'user-data', 'title', 'version', 'framework'],
]);

export function settingsOf({ createTime = '', labels = {}, gceSetup = {} }: NotebookInstance): Settings {
  const { instanceId = '', machineType = '', acceleratorConfigs = [], metadata = {} } = gceSetup;
  return {
    createTime,
    vmId: instanceId,
    machineType,
    accelerators: acceleratorConfigs.map(({ type, coreCount }) => ({ type, count: String(coreCount ?? 0) })),
    labels,
    metadata,
  };
}

/** What was changed between two looks at an instance; undefined when nothing was. Values of metadata stay out of it. */
export function changeBetween(before: Settings, after: Settings): string | undefined {
  if (momentOf(before.createTime) !== momentOf(after.createTime) || before.vmId !== after.vmId)
    return `it is another instance, created at ${after.createTime || 'an unknown time'}`;
  if (before.machineType !== after.machineType)
    return `its machine type is ${after.machineType || 'unknown'}`;
  if (!sameAccelerators(before.accelerators, after.accelerators))
    return `its accelerators are ${after.accelerators.map(({ type, count }) => `${count} x ${type ?? 'a new type'}`).join(', ') || 'none'}`;
  const label = changedKey(before.labels, after.labels);
  if (label !== undefined) return `its label ${label} was changed`;
  const key = changedKey(before.metadata, after.metadata, WRITTEN_BY_WORKBENCH);
  return key === undefined ? undefined : `its metadata ${key} was changed`;
}

/** The same moment may be written with more or fewer digits. */
function momentOf(time: string): number | undefined {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A type without a name is compared by its number of cores alone: taken for a change, it would never be stopped. */
function sameAccelerators(before: readonly Accelerator[], after: readonly Accelerator[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ type, count }, index) => {
      const other = after[index];
      return (
        other?.count === count && (other.type === type || other.type === undefined || type === undefined)
      );
    })
  );
}

function changedKey(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  except: ReadonlySet<string> = new Set(),
): string | undefined {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => !except.has(key))
    .sort()
    .find((key) => before[key] !== after[key]);
}
