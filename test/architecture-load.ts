import ts from 'typescript';
import type { Rule } from './architecture-rules.ts';

/** The expressions that run when a file is loaded: all that stands outside of functions. */
function eachAtLoad(text: string, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    visit(node);
    ts.forEachChild(node, walk);
  };
  walk(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true));
}

/** What loading a file costs: it is paid at each cold start, also by a run that needs nothing of it. */
export const LOAD_RULES: Readonly<Record<string, Rule>> = {
  'what a file makes of Intl is made when it is first needed': (tree) =>
    [...tree].flatMap(([file, text]) => {
      if (!/^(?:functions|shared)\//.test(file) || !text.includes('Intl.')) return [];
      const found: string[] = [];
      eachAtLoad(text, (node) => {
        if (ts.isNewExpression(node) && node.expression.getText().startsWith('Intl.'))
          found.push(`${file}: new ${node.expression.getText()} takes milliseconds of every start`);
      });
      return found;
    }),
};
