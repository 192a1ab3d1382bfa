import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'vitest';
import { bundle } from '../../../deploy/bundle/bundle.ts';

test('the bundle has the Google clients that the switch calls, and no other', async () => {
  const root = join(import.meta.dirname, '../../..');
  const { bytesByPackage } = await bundle(join(root, 'functions/budget-kill-switch/index.ts'), root);
  const clients = Object.keys(bytesByPackage)
    .filter((name) => name.startsWith('@google-cloud/'))
    .map((name) => name.replace('@google-cloud/', ''));
  assert.deepEqual(clients.sort(), ['billing', 'billing-budgets', 'notebooks', 'pubsub']);
});
