import ts from 'typescript';
import type { Rule, Tree } from './architecture-rules.ts';

/** Lines. Size is a symptom: past it, look for the second idea. */
const MAX_FUNCTION_LINES = 60;
const MAX_MEDIAN_FILE_LINES = 80;
const MAX_P95_FILE_LINES = 220;

const isOurs = (file: string): boolean => /^(?:functions|shared)\//.test(file);

/** `FILE NAME` of each function with its lines. */
function functionsIn(
  file: string,
  text: string,
): readonly { readonly name: string; readonly lines: number }[] {
  const found: { name: string; lines: number }[] = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined)
      found.push({
        name: `${file} ${nameOf(node)}`,
        lines: lineAt(node.end) - lineAt(node.getStart()) + 1,
      });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)
    ? parent.name.getText()
    : 'a function without a name';
}

/** The lines at a share of all files of functions/ and shared/, from the shortest. */
function fileLinesAt(tree: Tree, share: number): number {
  const lines = [...tree]
    .filter(([file]) => isOurs(file))
    .map(([, text]) => text.trimEnd().split('\n').length)
    .sort((a, b) => a - b);
  return lines[Math.floor((lines.length - 1) * share)] ?? 0;
}

/** How long files and functions are. */
export const SIZE_RULES: Readonly<Record<string, Rule>> = {
  'no function is longer than 60 lines': (tree) =>
    [...tree]
      .filter(([file]) => isOurs(file) || file.startsWith('deploy/'))
      .flatMap(([file, text]) => functionsIn(file, text))
      .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
      .map(({ name, lines }) => `${name}: ${lines} lines, at most ${MAX_FUNCTION_LINES}`),
  'half of the files have at most 80 lines, 95 % at most 220': (tree) =>
    (
      [
        [0.5, MAX_MEDIAN_FILE_LINES],
        [0.95, MAX_P95_FILE_LINES],
      ] as const
    ).flatMap(([share, max]) => {
      const lines = fileLinesAt(tree, share);
      return lines > max ? [`${share * 100} % of the files have up to ${lines} lines, not ${max}`] : [];
    }),
};
