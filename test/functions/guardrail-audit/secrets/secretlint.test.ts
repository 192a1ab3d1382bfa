import { lintSource } from '@secretlint/core';
import { creator as preset } from '@secretlint/secretlint-rule-preset-recommend';
import { describe, expect, it } from 'vitest';
import { findSecrets } from '../../../../functions/guardrail-audit/secrets/scan.ts';
import { SAMPLES } from '../../../support/secret-corpus.ts';

const config = {
  rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: preset, options: {} }],
};

/** What a kept library finds in a text, as the characters that it points at. */
async function foundBySecretlint(text: string): Promise<readonly string[]> {
  const { messages } = await lintSource({
    source: { filePath: 'values.json', content: text, contentType: 'text' },
    options: { config, maskSecrets: false },
  });
  return messages.map(({ range: [from, to] }) => text.slice(from, to));
}

describe('secretlint’s recommended preset over the same corpus', () => {
  it('finds nothing that findSecrets misses', async () => {
    let checked = 0;
    for (const { title, text } of SAMPLES) {
      const found = await foundBySecretlint(text);
      if (found.length === 0) continue;
      checked += 1;
      expect(findSecrets(text, undefined, String).length, title).toBeGreaterThan(0);
    }
    // It knows most of them, so that the comparison says something.
    expect(checked).toBeGreaterThan(25);
  });
});
