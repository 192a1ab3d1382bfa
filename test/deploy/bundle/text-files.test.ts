import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { textFiles } from '../../../deploy/bundle/plugins.ts';
import { FORM_STYLE, PAGE_SCRIPT, PAGE_STYLE } from '../../../shared/report/page-assets.ts';

const root = new URL('../../..', import.meta.url).pathname;

describe('a bundle', () => {
  it('carries the style and the script of the pages as texts, and reads no file for them', async () => {
    const { outputFiles, warnings } = await build({
      stdin: {
        contents: "export * from './shared/report/page-assets.ts'",
        resolveDir: root,
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'cjs',
      plugins: [textFiles],
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    const module = { exports: {} };
    const require = () => ({
      readFileSync: () => {
        throw new Error('There is no such file beside a bundle');
      },
    });
    runInNewContext(outputFiles[0]?.text ?? '', { module, require });
    expect(module.exports).toMatchObject({ FORM_STYLE, PAGE_STYLE, PAGE_SCRIPT });
    expect(PAGE_STYLE).toContain('@media print');
  });
});
