import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const inward = {
  group: ['**/deploy/**', '**/test/**'],
  message: 'functions/ and shared/ never import from deploy/ or test/.',
};

export default defineConfig(
  { ignores: ['dist', 'node_modules', '.sandbox'] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['functions/**', 'shared/**'],
    rules: {
      // Wire data is checked with zod where it enters; `as const` stays allowed.
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      'no-restricted-imports': ['error', { patterns: [inward] }],
    },
  },
  {
    // Runs in browsers; no TypeScript knows it.
    files: ['shared/report/page.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
  },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/require-await': 'off',
    },
  },
);
