import { createHash } from 'node:crypto';
import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import type { NotebookSeed, ProjectSeed, VmSeed } from '../../scenario.ts';

/** A Compute Engine instance. A notebook has one behind it. */
export interface Vm {
  readonly projectId: string;
  readonly zone: string;
  readonly name: string;
  /** The numeric id that Monitoring's `instance_id` label carries. */
  readonly id: string;
  readonly machineType: string;
  readonly accelerators: readonly { readonly type: string; readonly count: number }[];
  readonly disks: readonly VmDisk[];
  readonly labels: Record<string, string>;
  metadata: Record<string, string>;
  readonly externalIp: string | undefined;
  readonly createdMs: number;
  readonly seed: VmSeed;
  status: VmStatus;
  lastStartMs: number;
  lastStopMs: number | undefined;
  /** When it ran, oldest first; an open end means that it runs now. Metrics exist only inside. */
  readonly runs: { readonly fromMs: number; untilMs: number | undefined }[];
}

export interface VmDisk {
  readonly name: string;
  readonly boot: boolean;
  /** `pd-balanced` and so on. */
  readonly type: string;
  readonly sizeGb: number;
}

export type VmStatus = VmSeed['vmStatus'];

/** A Workbench instance; what is not here is derived from its VM and its seed when it is shown. */
export interface Notebook {
  readonly projectId: string;
  readonly zone: string;
  readonly id: string;
  /** projects/P/locations/ZONE/instances/ID */
  readonly name: string;
  readonly vm: Vm;
  readonly seed: NotebookSeed;
  readonly createdMs: number;
  readonly uid: string;
  state: string;
  /** When a person, a controller or a transition changed it last; health reports come on top. */
  updatedMs: number;
  activeSinceMs: number;
  metadata: Record<string, string>;
  labels: Record<string, string>;
}

export interface Operation {
  readonly name: string;
  readonly kind: 'notebooks' | 'compute';
  readonly target: string;
  readonly verb: string;
  readonly createdMs: number;
  endMs: number | undefined;
  /** What it ended with, where it failed. */
  error: { readonly code: string; readonly message: string } | undefined;
}

/** The machines of the sandbox: all notebooks and VMs, and the transitions between their states over sandbox time. */
export interface Fleet {
  readonly notebooks: ReadonlyMap<string, Notebook>;
  /** By `projects/P/zones/Z/instances/NAME`. */
  readonly vms: ReadonlyMap<string, Vm>;
  readonly operations: ReadonlyMap<string, Operation>;
  notebooksOf(projectId: string): readonly Notebook[];
  /** The last health report of a notebook's agent; undefined where none reports. */
  healthReportOf(notebook: Notebook): HealthReport | undefined;
  vmsOf(projectId: string): readonly Vm[];
  /** VMs that were deleted: they cost money while they ran. */
  deletedVmsOf(projectId: string): readonly Vm[];
  /** Makes a VM that boots, as a managed group does. */
  createVm(projectId: string, seed: VmSeed): Vm;
  /** Deletes a VM: it stops, and then it is gone. */
  deleteVm(path: string): void;
  stopNotebook(name: string): Operation;
  startNotebook(name: string): Operation;
  patchNotebook(
    name: string,
    change: { metadata?: Record<string, string>; labels?: Record<string, string> },
  ): Operation;
  stopVm(path: string): Operation;
  startVm(path: string): Operation;
  /**
   * Stops at once what runs in a project, as Google does when its billing is off. Returns whether something is still
   * starting and will run later.
   */
  haltProject(projectId: string): boolean;
}

export interface HealthReport {
  readonly reportedMs: number;
  /** When the service wrote it down: the instance's `updateTime`. */
  readonly writtenMs: number;
}

/**
 * Workbench's agent reports its health every 30 seconds while the instance is ACTIVE, and `updateTime` moves with each
 * report: seen in cloud-custodian's recorded answers (test/fixtures/notebooks-v2-heartbeat), where it is written down 0.5
 * to 3 seconds after the moment that it names.
 */
const HEALTH_REPORT_MS = 30_000;
const REPORT_DELAY_MS = 1_400;

/** How long transitions take in the sandbox, in milliseconds. */
const STOPPING_MS = 45_000;
const STARTING_MS = 75_000;
const PATCH_MS = 5_000;

export function createFleet(options: {
  readonly clock: Clock;
  readonly projects: readonly ProjectSeed[];
  /** Resolves a scenario's time (absolute or relative to the clock's start). */
  readonly timeOf: (text: string) => number;
}): Fleet {
  const { clock, timeOf } = options;
  const notebooks = new Map<string, Notebook>();
  const vms = new Map<string, Vm>();
  const operations = new Map<string, Operation>();
  const notebooksByProject = new Map<string, Notebook[]>();
  const vmsByProject = new Map<string, Vm[]>();
  const deletedByProject = new Map<string, Vm[]>();
  let serial = 0;

  const addVm = (projectId: string, seed: VmSeed, machineType: string): Vm => {
    const path = `projects/${projectId}/zones/${seed.zone}/instances/${seed.id}`;
    const createdMs = timeOf(seed.created);
    const startedMs = seed.lastStart === undefined ? createdMs : timeOf(seed.lastStart);
    const running =
      seed.vmStatus === 'RUNNING' || seed.vmStatus === 'STAGING' || seed.vmStatus === 'STOPPING';
    const stoppedMs = running ? undefined : timeOf(seed.lastStop ?? '-2d');
    const vm: Vm = {
      projectId,
      zone: seed.zone,
      name: seed.id,
      id: seed.instanceId ?? numericId(path),
      machineType,
      accelerators: seed.accelerators,
      disks: seed.disks.map((disk, index) => ({
        name: disk.boot ? seed.id : `${seed.id}-data${index > 1 ? `-${index}` : ''}`,
        ...disk,
      })),
      labels: { ...seed.labels },
      metadata: { ...seed.metadata },
      externalIp: seed.externalIp,
      createdMs,
      seed,
      status: seed.vmStatus,
      lastStartMs: startedMs,
      lastStopMs: stoppedMs,
      runs: [{ fromMs: startedMs, untilMs: stoppedMs }],
    };
    vms.set(path, vm);
    append(vmsByProject, projectId, vm);
    return vm;
  };

  const halt = (vm: Vm): void => {
    vm.status = 'TERMINATED';
    vm.lastStopMs = clock.now();
    const run = vm.runs.at(-1);
    if (run !== undefined && run.untilMs === undefined) run.untilMs = clock.now();
  };
  const boot = (vm: Vm): void => {
    vm.status = 'RUNNING';
    vm.lastStartMs = clock.now();
    vm.runs.push({ fromMs: clock.now(), untilMs: undefined });
  };
  /** It never ran, so that its last start is the one before; under the other reading the attempt counts as a start. */
  const fallBack = (vm: Vm, running: Operation): void => {
    vm.status = 'TERMINATED';
    if (vm.seed.stockout === 'counts-as-start') vm.lastStartMs = clock.now();
    running.error = outOfCapacity(vm.projectId, vm.zone);
  };
  const setState = (notebook: Notebook, state: string): void => {
    notebook.state = state;
    notebook.updatedMs = clock.now();
    if (state === 'ACTIVE') notebook.activeSinceMs = clock.now();
  };
  for (const project of options.projects) {
    for (const seed of project.vms) addVm(project.id, seed, seed.machineType);
    for (const seed of project.notebooks) {
      const serviceAccount = seed.serviceAccount ?? `notebooks@${project.id}.iam.gserviceaccount.com`;
      const vm = addVm(project.id, { ...seed, serviceAccount }, seed.machineType);
      const name = `projects/${project.id}/locations/${seed.zone}/instances/${seed.id}`;
      const notebook: Notebook = {
        projectId: project.id,
        zone: seed.zone,
        id: seed.id,
        name,
        vm,
        seed,
        createdMs: vm.createdMs,
        uid: createHash('sha256')
          .update(name)
          .digest('hex')
          .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
        state: seed.state,
        updatedMs: vm.lastStopMs ?? vm.lastStartMs + STARTING_MS,
        activeSinceMs: vm.lastStartMs + STARTING_MS,
        metadata: { ...seed.metadata },
        labels: { ...seed.labels },
      };
      notebooks.set(name, notebook);
      if (seed.state === 'STARTING')
        clock.after(STARTING_MS, () => {
          boot(vm);
          setState(notebook, 'ACTIVE');
        });
      if (seed.state === 'STOPPING' && !seed.neverStops)
        clock.after(STOPPING_MS, () => {
          halt(vm);
          setState(notebook, 'STOPPED');
        });
      append(notebooksByProject, project.id, notebook);
    }
  }

  const operation = (kind: Operation['kind'], parent: string, target: string, verb: string): Operation => {
    serial += 1;
    const name = `${parent}/operations/operation-${clock.now()}-${serial.toString(16).padStart(8, '0')}`;
    const created: Operation = {
      name,
      kind,
      target,
      verb,
      createdMs: clock.now(),
      endMs: undefined,
      error: undefined,
    };
    operations.set(name, created);
    return created;
  };
  const finish = (running: Operation): void => void (running.endMs = clock.now());

  const notebookOf = (name: string): Notebook => {
    const notebook = notebooks.get(name);
    if (notebook === undefined) throw new ApiError('NOT_FOUND', `Resource '${name}' was not found`);
    return notebook;
  };
  const vmOf = (path: string): Vm => {
    const vm = vms.get(path);
    if (vm === undefined) throw new ApiError('NOT_FOUND', `The resource '${path}' was not found`);
    return vm;
  };
  const require = (notebook: Notebook, state: string, verb: string): void => {
    if (notebook.state !== state)
      throw new ApiError(
        'FAILED_PRECONDITION',
        `Cannot ${verb} instance ${notebook.name}: its state is ${notebook.state}, it must be ${state}.`,
      );
  };

  return {
    notebooks,
    vms,
    operations,
    notebooksOf: (projectId) => notebooksByProject.get(projectId) ?? [],
    vmsOf: (projectId) => vmsByProject.get(projectId) ?? [],
    deletedVmsOf: (projectId) => deletedByProject.get(projectId) ?? [],
    createVm(projectId, seed) {
      const vm = addVm(
        projectId,
        { ...seed, created: new Date(clock.now()).toISOString(), vmStatus: 'STAGING' },
        seed.machineType,
      );
      vm.runs.length = 0;
      clock.after(STARTING_MS, () => {
        if (vm.status === 'STAGING') boot(vm);
      });
      return vm;
    },
    deleteVm(path) {
      const vm = vmOf(path);
      vm.status = 'STOPPING';
      clock.after(STOPPING_MS, () => {
        halt(vm);
        vms.delete(path);
        vmsByProject.set(
          vm.projectId,
          (vmsByProject.get(vm.projectId) ?? []).filter((one) => one !== vm),
        );
        append(deletedByProject, vm.projectId, vm);
      });
    },
    healthReportOf(notebook) {
      const { seed, metadata, state, activeSinceMs, uid } = notebook;
      const silent =
        state !== 'ACTIVE' ||
        ['AGENT_NOT_INSTALLED', 'AGENT_NOT_RUNNING'].includes(seed.healthState) ||
        metadata['report-event-health']?.toLowerCase() === 'false';
      if (silent) return undefined;
      // Each instance has its own beat.
      const offsetMs = parseInt(uid.slice(0, 8), 16) % HEALTH_REPORT_MS;
      const latestMs = clock.now() - REPORT_DELAY_MS - offsetMs;
      const reportedMs =
        latestMs - (((latestMs % HEALTH_REPORT_MS) + HEALTH_REPORT_MS) % HEALTH_REPORT_MS) + offsetMs;
      return reportedMs < activeSinceMs ? undefined : { reportedMs, writtenMs: reportedMs + REPORT_DELAY_MS };
    },
    stopNotebook(name) {
      const notebook = notebookOf(name);
      require(notebook, 'ACTIVE', 'stop');
      setState(notebook, 'STOPPING');
      notebook.vm.status = notebook.vm.status === 'RUNNING' ? 'STOPPING' : notebook.vm.status;
      const running = operation('notebooks', parentOf(name), name, 'stop');
      if (!notebook.seed.neverStops)
        clock.after(STOPPING_MS, () => {
          halt(notebook.vm);
          setState(notebook, 'STOPPED');
          finish(running);
        });
      return running;
    },
    startNotebook(name) {
      const notebook = notebookOf(name);
      require(notebook, 'STOPPED', 'start');
      setState(notebook, 'STARTING');
      notebook.vm.status = 'STAGING';
      const running = operation('notebooks', parentOf(name), name, 'start');
      clock.after(startingMs(notebook.vm), () => {
        if (notebook.vm.seed.stockout !== false) fallBack(notebook.vm, running);
        else boot(notebook.vm);
        setState(notebook, notebook.vm.seed.stockout === false ? 'ACTIVE' : 'STOPPED');
        finish(running);
      });
      return running;
    },
    patchNotebook(name, change) {
      const notebook = notebookOf(name);
      if (change.metadata !== undefined) {
        notebook.metadata = { ...change.metadata };
        notebook.vm.metadata = { ...change.metadata };
      }
      if (change.labels !== undefined) notebook.labels = { ...change.labels };
      notebook.updatedMs = clock.now();
      const running = operation('notebooks', parentOf(name), name, 'update');
      clock.after(PATCH_MS, () => {
        finish(running);
      });
      return running;
    },
    stopVm(path) {
      const vm = vmOf(path);
      const running = operation('compute', path.replace(/\/instances\/.*$/, ''), path, 'stop');
      // What waits for capacity stops waiting.
      if (vm.status !== 'RUNNING' && vm.status !== 'PENDING') {
        finish(running);
        return running;
      }
      vm.status = 'STOPPING';
      clock.after(STOPPING_MS, () => {
        halt(vm);
        finish(running);
      });
      return running;
    },
    startVm(path) {
      const vm = vmOf(path);
      const running = operation('compute', path.replace(/\/instances\/.*$/, ''), path, 'start');
      if (vm.status !== 'TERMINATED') {
        finish(running);
        return running;
      }
      vm.status = 'STAGING';
      clock.after(startingMs(vm), () => {
        if (vm.seed.stockout !== false) fallBack(vm, running);
        else boot(vm);
        finish(running);
      });
      return running;
    },
    haltProject(projectId) {
      const own = notebooksByProject.get(projectId) ?? [];
      for (const notebook of own)
        if (notebook.state === 'ACTIVE') {
          halt(notebook.vm);
          setState(notebook, 'STOPPED');
        }
      const ofNotebooks = new Set(own.map((notebook) => notebook.vm));
      const machines = vmsByProject.get(projectId) ?? [];
      for (const vm of machines) if (!ofNotebooks.has(vm) && vm.status === 'RUNNING') halt(vm);
      return machines.some((vm) => vm.status === 'STAGING');
    },
  };
}

/** Whether the VM ran at a moment: metrics have points only then. */
export function ranAt(vm: Vm, atMs: number): boolean {
  return vm.runs.some((run) => run.fromMs <= atMs && (run.untilMs === undefined || atMs < run.untilMs));
}

/** `projects/P/locations/Z` of an instance name. */
function parentOf(name: string): string {
  return name.replace(/\/instances\/.*$/, '');
}

function startingMs({ seed: { startMinutes } }: Vm): number {
  return startMinutes === undefined ? STARTING_MS : startMinutes * 60_000;
}

/** What Compute Engine says where a zone has no capacity. */
export function outOfCapacity(projectId: string, zone: string): NonNullable<Operation['error']> {
  return {
    code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
    message: `The zone 'projects/${projectId}/zones/${zone}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`,
  };
}

/** A stable 19-digit id, as Compute Engine gives its resources. */
export function numericId(text: string): string {
  const bits = createHash('sha256').update(text).digest().readBigUInt64BE() >> 2n;
  return (bits + 1_000_000_000_000_000_000n).toString();
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
