// `node .ci/count-tests.js FILE`: the line that counts, from the report of vitest's JSON reporter. Ends with 1 unless tests ran and
// all of them passed.
import { readFileSync } from 'node:fs';

/** @typedef {{ status: string, assertionResults: readonly { status: string }[] }} File */
/** @typedef {{ success: boolean, testResults: readonly File[] }} Report */
/** @returns {Report} */
function readReport() {
  try {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- vitest's own file
    return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
  } catch (error) {
    console.error(`Cannot count the tests: ${String(error)}`);
    return { success: false, testResults: [] };
  }
}

const report = readReport();
const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
/** @param {string} status */
const count = (status) => results.filter((one) => one.status === status).length;
// A file that could not be loaded, or whose hooks failed, has no failed test of its own.
const broken = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
).length;
const passed = count('passed');
const failed = count('failed') + broken;
const known = report.success && passed > 0;
console.log(`${passed} passed, ${failed === 0 && !known ? 1 : failed} failed`);
process.exitCode = known && failed === 0 ? 0 : 1;
