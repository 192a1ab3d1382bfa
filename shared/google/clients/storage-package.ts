// What is loaded by `import()` is bundled whole; by this file only what the class needs of its package.
export { Storage } from '@google-cloud/storage';
