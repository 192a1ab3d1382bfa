/** Loaded with `node --import` into the commands of a checkout: its bundles come from `remembered-esbuild.ts`. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'esbuild' && context.parentURL?.endsWith('/deploy/bundle/bundle.ts') === true
      ? { url: new URL('remembered-esbuild.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
