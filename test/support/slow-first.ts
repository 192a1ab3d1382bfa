import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Long files first, so that at the end no worker waits for another one. */
const ORDER = ['gcloud', 'browser', 'sandbox', 'cloud', 'unit'];

export class SlowFirst extends BaseSequencer {
  /** Of one project: those that took long when they last ran, and large files where none has run yet. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => ORDER.indexOf(a.project.name) - ORDER.indexOf(b.project.name));
  }
}
