/** The editor, loaded when the page is there already: CodeMirror with the model's language and the compiler's diagnostics at their lines. */

import { javascript } from "@codemirror/lang-javascript";
import { syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { classHighlighter } from "@lezer/highlight";
import { basicSetup, EditorView } from "codemirror";

export interface Problem {
  readonly severity: "error" | "warning";
  readonly message: string;
  /** From 1; without one it is of the whole text. */
  readonly line?: number;
}

export interface Editor {
  readonly text: () => string;
  set(text: string): void;
  show(problems: readonly Problem[]): void;
}

/** Puts an editor in place of whatever `at` has. */
export function openEditor(at: HTMLElement, text: string, changed: () => void): Editor {
  at.replaceChildren();
  const view = new EditorView({
    doc: text,
    parent: at,
    extensions: [
      basicSetup,
      javascript({ typescript: true }),
      syntaxHighlighting(classHighlighter),
      EditorView.contentAttributes.of({ "aria-label": "The model's text", tabindex: "0" }),
      EditorView.updateListener.of((update) => update.docChanged && changed()),
    ],
  });
  return {
    text: () => view.state.doc.toString(),
    set: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    show: (problems) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          problems.map(({ severity, message, line = 1 }) => {
            const { from, to } = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
            return { from, to, severity, message };
          }),
        ),
      ),
  };
}
