import { dirname, join } from 'node:path';
import ts from 'typescript';
import { unpermittedIn } from './unpermitted.ts';

/** Sources by their path from the repository's root. */
export type Tree = ReadonlyMap<string, string>;

/** A rule of the house over the whole tree: what breaks it, each with its file. */
export type Rule = (tree: Tree) => readonly string[];

/** The rooms of shared/ from bottom to top: a file imports from its own room and those below it. */
const LAYERS = [
  ['shared/errors.ts', 'shared/once.ts', 'shared/units.ts', 'shared/prices'],
  ['shared/google'],
  ['shared/resources'],
  ['shared/report'],
  ['shared/policy'],
  ['shared/spend'],
  ['shared/state'],
  ['shared/notify'],
  ['shared/preflight'],
  ['shared/run'],
  ['functions'],
] as const;

/** The parts of deploy/ from bottom to top. */
const DEPLOY_LAYERS = [
  ['deploy/desired', 'deploy/bundle', 'deploy/prices', 'deploy/command-line.ts'],
  ['deploy/actual', 'deploy/policy'],
  ['deploy/plan'],
  ['deploy/commands'],
] as const;

const GOOGLE_PACKAGES = /^npm:(?:@google-cloud\/|google-gax|google-auth-library|gcp-metadata|gaxios)/;

/** Where Google's packages are named; the framework's requests arrive in the runtime. */
const GOOGLE_ROOMS = /^shared\/(?:google\/|run\/(?:runtime|handle-request)\.ts$)/;

/** Packages, and parts of Node, that send nothing. */
const SENDS_NOTHING =
  /^npm:(?:@google-cloud\/functions-framework|d3-(?:format|scale|shape)|luxon|negotiator|p-map|preact(?:-render-to-string)?|yaml|zod\/mini|node:(?:async_hooks|crypto|diagnostics_channel|domain|events|fs(?:\/promises)?|path|stream|timers\/promises|util|zlib))$/;

/** What sends, and where it is loaded: the identity, Google's clients, and Node's HTTP for the texts of statuses alone. */
const SENDS = [
  [
    /^npm:(?:google-auth-library|gcp-metadata)$/,
    /^shared\/(?:google\/(?:api|impersonate)|run\/runtime)\.ts$/,
  ],
  [/^npm:(?:@google-cloud\/|google-gax\/)/, /^shared\/google\/clients\//],
  [/^npm:node:http$/, /^shared\/report\/error-page\.ts$/],
] as const;

/** Judges: what they import decides, calculates or words, and calls nothing. */
const PURE = /^(?:shared\/(?:prices|report|policy|spend)\/|functions\/[^/]+\/decide\.ts$)/;

/** Rooms that talk to the outside world, and how Node does. */
const EFFECTS =
  /^shared\/(?:google|resources|state|notify|preflight|run)\/|^npm:node:(?:fs|child_process|https?|http2|net|tls|dgram|dns|worker_threads)(?:\/|$)/;

/** What in these rooms reads texts and facts alone, and imports nothing of the rest of them. */
const PURE_THERE: ReadonlySet<string> = new Set([
  'shared/google/resource-name.ts',
  'shared/state/restored-since.ts',
]);

/**
 * Pure as they are used: the texts that the first one reads are in a bundle, the second one takes the names of statuses, and the third one names
 * and areas of the table of kinds.
 */
const EFFECTLESS: ReadonlySet<string> = new Set([
  'shared/report/page-assets.ts',
  'shared/report/error-page.ts',
  'functions/spend-watch/kinds.ts',
]);

interface Import {
  readonly from: string;
  /** A path from the root, or `npm:` and a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** What a source imports, exports from or loads. */
export function importsOf(file: string, text: string): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const to = specifier.startsWith('.') ? join(dirname(file), specifier) : `npm:${specifier}`;
    found.push({ from: file, to, typeOnly });
  };
  // Below the top level there is only `import(…)`, in code or as a type.
  const deep = /\bimport\s*\(/.test(text);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
      add(node.moduleSpecifier.text, isTypeOnly(node.importClause));
    else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    )
      add(node.moduleSpecifier.text, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined && ts.isStringLiteral(argument)) add(argument.text, false);
    } else if (
      ts.isImportTypeNode(node) &&
      ts.isLiteralTypeNode(node.argument) &&
      ts.isStringLiteral(node.argument.literal)
    )
      add(node.argument.literal.text, true);
    if (deep || ts.isSourceFile(node)) ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { namedBindings } = clause;
  return (
    clause.name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

const READ = new WeakMap<Tree, readonly Import[]>();

/** Every rule reads the same tree. */
function everyImport(tree: Tree): readonly Import[] {
  const imports = READ.get(tree) ?? [...tree].flatMap(([file, text]) => importsOf(file, text));
  READ.set(tree, imports);
  return imports;
}

/** One line for each import that `refuses`. */
function refusing(refuses: (one: Import) => string | undefined): Rule {
  return (tree) =>
    everyImport(tree).flatMap((one) => {
      const why = refuses(one);
      return why === undefined ? [] : [`${one.from} imports ${one.to}: ${why}`];
    });
}

/** What a file that judges imports, and what that imports in turn, as far as it is loaded: one line for each effect among it. */
function effectsBelow(tree: Tree): readonly string[] {
  const imports = new Map<string, Import[]>();
  for (const one of everyImport(tree))
    if (!one.typeOnly) imports.set(one.from, [...(imports.get(one.from) ?? []), one]);
  const isPure = (file: string): boolean => PURE.test(file) || PURE_THERE.has(file);
  // Each file once, and what judges as itself: its effects are its own.
  const below = (file: string, seen: Set<string>): readonly string[] =>
    (EFFECTLESS.has(file) ? [] : (imports.get(file) ?? [])).flatMap(({ to }) => {
      if (EFFECTS.test(to) && !PURE_THERE.has(to))
        return [`${file} imports ${to}: what judges calls nothing`];
      if (isPure(to) || seen.has(to)) return [];
      seen.add(to);
      return below(to, seen).map((line) => `${file}: ${line}`);
    });
  return [...tree.keys()].filter(isPure).flatMap((file) => below(file, new Set()));
}

function layerOf(file: string, layers: readonly (readonly string[])[]): number {
  return layers.findIndex((rooms) => rooms.some((room) => file === room || file.startsWith(`${room}/`)));
}

const downward = (layers: readonly (readonly string[])[]): Rule =>
  refusing(({ from, to }) => {
    const [own, other] = [layerOf(from, layers), layerOf(to, layers)];
    return own >= 0 && other > own ? `${layers[other]?.[0] ?? ''} stands above it` : undefined;
  });

/** They measure and show what tests run. */
const MEASURES = /^test\/(?:bench|demo)\//;

/** After a lost precondition it judges the bucket anew, as it is by then. */
const JUDGES_AGAIN = 'functions/lifecycle-enforcer/act.ts';

const SERVICE_FILE = /^test\/sandbox\/services\/[^/]+\//;

/** The part of test/ that a helper beside tests is for. */
const testRoomOf = (file: string): string | undefined =>
  /^test\/(?:(?:functions|shared)\/[^/]+|functions|shared|deploy)(?=\/)/.exec(file)?.[0];

const functionOf = (file: string): string | undefined => /^functions\/([^/]+)\//.exec(file)?.[1];

/** The rules of the house, by name. */
export const RULES: Readonly<Record<string, Rule>> = {
  'shared rooms import downward': downward(LAYERS),
  'deploy imports downward: commands, plan, actual, desired': downward(DEPLOY_LAYERS),
  'shared rooms are known': (tree) =>
    [...tree.keys()]
      .filter((file) => file.startsWith('shared/') && layerOf(file, LAYERS) < 0)
      .map((file) => `${file}: in none of the rooms ${LAYERS.flat().join(', ')}`),
  'functions and shared import nothing of deploy or test': refusing(({ from, to }) =>
    /^(?:functions|shared)\//.test(from) && /^(?:deploy|test)\//.test(to) ? 'it stands above' : undefined,
  ),
  'functions never import each other': refusing(({ from, to }) => {
    const other = functionOf(to);
    return functionOf(from) !== undefined && other !== undefined && other !== functionOf(from)
      ? 'functions never import each other'
      : undefined;
  }),
  'only shared/google and the runtime name Google’s packages': refusing(({ from, to }) =>
    /^(?:functions|shared)\//.test(from) &&
    GOOGLE_PACKAGES.test(to) &&
    !GOOGLE_ROOMS.test(from) &&
    !/^functions\/[^/]+\/index\.ts$/.test(from)
      ? 'Google’s packages belong to shared/google'
      : undefined,
  ),
  'prices, report, policy, spend and every decide import no effect, also by what they import': effectsBelow,
  'gather imports no decision': refusing(({ from, to }) =>
    /^functions\/[^/]+\/gather(?:\.ts$|\/)/.test(from) && /^functions\/[^/]+\/(?:decide|act)\.ts$/.test(to)
      ? 'what reads the world decides nothing'
      : undefined,
  ),
  'act carries out and recomputes nothing': refusing(({ from, to, typeOnly }) =>
    /^functions\/[^/]+\/act\.ts$/.test(from) &&
    from !== JUDGES_AGAIN &&
    /^functions\/[^/]+\/(?:decide|gather)\.ts$/.test(to) &&
    !typeOnly
      ? 'what acts takes decisions as they are'
      : undefined,
  ),
  'only changeState permits a change at Google, and only Api.change sends one': (tree) =>
    [...tree].flatMap(([file, text]) =>
      /^(?:functions|shared)\//.test(file)
        ? unpermittedIn(file, text).map((what) => `${file}: ${what} past changeState`)
        : [],
    ),
  'functions and shared load known packages, and what sends where all is sent': refusing(
    ({ from, to, typeOnly }) =>
      !/^(?:functions|shared)\//.test(from) ||
      !to.startsWith('npm:') ||
      typeOnly ||
      SENDS_NOTHING.test(to) ||
      SENDS.some(([what, where]) => what.test(to) && where.test(from))
        ? undefined
        : 'it may send by itself',
  ),
  'the sandbox imports no product code': refusing(({ from, to }) =>
    from.startsWith('test/sandbox/') && /^(?:functions|shared|deploy)\//.test(to)
      ? 'it would prove a fault by the same fault'
      : undefined,
  ),
  'each service of the sandbox has an index and a test': (tree) => {
    const files = [...tree.keys()].filter((file) => SERVICE_FILE.test(file));
    const folders = new Set(files.map((file) => SERVICE_FILE.exec(file)?.[0] ?? ''));
    return [...folders].flatMap((folder) => {
      const own = files.filter((file) => file.startsWith(folder));
      return [
        ...(own.includes(`${folder}index.ts`) ? [] : [`${folder}index.ts is missing`]),
        ...(own.some((file) => file.endsWith('.test.ts')) ? [] : [`${folder}: it has no test of its own`]),
      ];
    });
  },
  'what tests of two folders share stands in test/support': refusing(({ from, to }) => {
    const room = testRoomOf(to);
    return room !== undefined && from.startsWith('test/') && testRoomOf(from) !== room && !MEASURES.test(from)
      ? 'what several share belongs to test/support'
      : undefined;
  }),
  'labs stand in test/support': (tree) =>
    [...tree.keys()]
      .filter((file) => /(?:^|[/-])(?:lab|world)\.ts$/.test(file) && !file.startsWith('test/support/'))
      .map((file) => `${file}: a lab belongs to test/support`),
  'test mirrors functions, shared and deploy': (tree) => {
    const folders = new Set(
      [...tree.keys()].flatMap((file) => /^(?:functions|shared|deploy)\/[^/]+(?=\/)/.exec(file) ?? []),
    );
    return [...tree.keys()].filter((file) => {
      const [, room = ''] = /^test\/((?:functions|shared|deploy)\/[^/]+)\/.*\.test\.ts$/.exec(file) ?? [];
      return room !== '' && !folders.has(room);
    });
  },
  'a room holds at most 20 files, a function of more than 12 has rooms': (tree) => {
    const rooms = new Map<string, number>();
    for (const file of tree.keys())
      if (/^(?:functions|shared)\//.test(file)) rooms.set(dirname(file), (rooms.get(dirname(file)) ?? 0) + 1);
    return [...rooms].flatMap(([room, count]) => {
      const most = /^functions\/[^/]+$/.test(room) ? 12 : 20;
      return count > most ? [`${room}: ${count} files, at most ${most}`] : [];
    });
  },
};
