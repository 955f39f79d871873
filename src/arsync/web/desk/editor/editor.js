// The rules editor: the textarea of the page, made comfortable. Without it the page works as a form.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { forEachDiagnostic, linter, lintGutter, nextDiagnostic } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const CHECK_AFTER_MS = 600;

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--muted)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.content], color: "var(--ink)" },
  { tag: tags.punctuation, color: "var(--muted)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "-3px" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.45" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent-ground) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--age0)" },
  ".cm-changedLine, .cm-insertedLine": { backgroundColor: "var(--green-ground) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--red-ground)", color: "var(--ink)" },
  ".cm-collapsedLines": { color: "var(--muted)", background: "var(--page)" },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"…"' },
  ".cm-changedText": { background: "none", textDecoration: "underline" },
  ".cm-deletedText": { background: "none" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--field)", maxWidth: "32rem" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-panels": { backgroundColor: "var(--page)", color: "var(--ink)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--red)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--amber)" },
});

const sentence = (hint) => hint.slice(0, 1).toUpperCase() + hint.slice(1);

const placeOf = (doc, line, column) => {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(at.from + Math.max(column, 1) - 1, at.to);
};

const start = (area) => {
  const { check, words, path, nonce } = area.dataset;
  const live = document.querySelector("#live-text").value;
  const form = area.form;
  const saved = document.querySelector("[data-saved]");
  let completions = null;

  const post = async (text) => {
    const body = new URLSearchParams({ file: path, text });
    const answer = await fetch(check, { method: "POST", body, credentials: "same-origin" });
    return answer.ok ? answer.json() : null;
  };

  const put = (view, mend) => {
    const from = placeOf(view.state.doc, mend.line, mend.column);
    const to = from + mend.wrong.length;
    if (view.state.doc.sliceString(from, to) !== mend.wrong) return;
    view.dispatch({ changes: { from, to, insert: mend.right }, selection: { anchor: from + mend.right.length } });
    view.focus();
  };

  const goTo = (view, line, column) => {
    view.dispatch({ selection: { anchor: placeOf(view.state.doc, line, column) }, scrollIntoView: true });
    view.focus();
  };

  const element = (name, values, ...inner) => {
    const made = Object.assign(document.createElement(name), values);
    made.append(...inner);
    return made;
  };

  const tell = (view, problems) => {
    const errors = problems.filter((problem) => problem.severity === "error");
    const rows = errors.slice(0, 10).map((problem, number) => {
      const words = element("p", {});
      if (number === 0) words.append(element("b", { textContent: `${errors.length} problem${errors.length === 1 ? "" : "s"}.` }), " ");
      if (problem.line && problem.here) {
        const link = element("a", { href: "#text", textContent: `Line ${problem.line}, column ${problem.column}` });
        link.addEventListener("click", (event) => (event.preventDefault(), goTo(view, problem.line, problem.column)));
        words.append(link, ": ");
      } else if (problem.line) words.append(`${problem.file}, line ${problem.line}: `);
      words.append(`${problem.message} ${sentence(problem.hint)}`);
      const row = element("div", { className: "problem red" }, element("div", {}, words));
      if (problem.mend) {
        const button = element("button", { type: "button", textContent: `Put “${problem.mend.right}”` });
        button.addEventListener("click", () => put(view, problem.mend));
        row.append(button);
      }
      return row;
    });
    document.querySelector("#problems").replaceChildren(...rows);
  };

  const checked = linter(async (view) => {
    const doc = view.state.doc;
    const answer = await post(doc.toString());
    if (!answer || doc !== view.state.doc) return [];
    tell(view, answer.problems);
    return answer.problems.filter((problem) => problem.here && problem.line).map((problem) => {
      const from = placeOf(doc, problem.line, problem.column);
      const word = /^["']?[\w-]+/.exec(doc.sliceString(from, doc.lineAt(from).to));
      return {
        from,
        to: from + (problem.mend ? problem.mend.wrong.length : word ? word[0].length : 0),
        severity: problem.severity === "error" ? "error" : "warning",
        message: `${problem.message} ${sentence(problem.hint)}`.trim(),
        actions: problem.mend ? [{ name: `Put “${problem.mend.right}”`, apply: (at) => put(at, problem.mend) }] : [],
      };
    });
  }, { delay: CHECK_AFTER_MS });

  const complete = async (context) => {
    const word = context.matchBefore(/[\w-]+/);
    if (!word && !context.explicit) return null;
    if (!completions) {
      const answer = await fetch(words, { credentials: "same-origin" });
      completions = answer.ok ? (await answer.json()).words : [];
    }
    return { from: word ? word.from : context.pos, options: completions, validFor: /^[\w -]*$/ };
  };

  const show = (state) => {
    const line = state.doc.lineAt(state.selection.main.head).number;
    for (const row of document.querySelectorAll("[data-rule-line]")) {
      row.hidden = Number(row.dataset.ruleLine) !== line;
    }
    const list = document.querySelector("[data-lines]");
    // Between two lines that do something the list shows all of them.
    if (list && ![...list.children].some((row) => !row.hidden)) {
      for (const row of list.children) row.hidden = false;
    }
  };

  const save = () => {
    form.requestSubmit(form.querySelector('button[value="save"]'));
    return true;
  };

  // Esc, then Tab, leaves the text: nobody is caught in it who has no mouse.
  let isLeaving = false;
  const leaving = EditorView.domEventHandlers({
    keydown: (event, view) => {
      if (event.key === "Escape") {
        isLeaving = true;
        return false;
      }
      if (event.key === "Tab" && isLeaving) {
        isLeaving = false;
        view.contentDOM.blur();
        const next = event.shiftKey ? document.querySelector("header.bar a") : document.querySelector("#reason");
        if (next) (event.preventDefault(), next.focus());
        return true;
      }
      isLeaving = false;
      return false;
    },
  });

  // Where what is typed replaces coloured words, Chromium would carry their colours over as a style
  // attribute, which the page's policy forbids, and say so in the console.
  const replacing = EditorView.domEventHandlers({
    beforeinput: (event, view) => {
      const { state } = view;
      const isOver = event.inputType === "insertText" && event.data && !state.selection.main.empty;
      if (!isOver || event.isComposing || state.readOnly) return false;
      event.preventDefault();
      view.dispatch(state.update(state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true }));
      return true;
    },
  });

  const nextProblem = (view) => {
    let count = 0;
    forEachDiagnostic(view.state, () => (count += 1));
    return count > 0 && nextDiagnostic(view);
  };

  const view = new EditorView({
    doc: area.value,
    extensions: [
      EditorView.cspNonce.of(nonce),
      leaving,
      replacing,
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      indentOnInput(),
      indentUnit.of("  "),
      bracketMatching(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
      syntaxHighlighting(colours),
      look,
      yaml(),
      EditorState.readOnly.of(area.readOnly),
      EditorView.contentAttributes.of({ "aria-label": "The rules", spellcheck: "false" }),
      EditorView.lineWrapping,
      // Only around changes is the rest folded: of a text without any, nothing would be seen.
      unifiedMergeView({ original: live, mergeControls: false, gutter: true, collapseUnchanged: live.trimEnd() === area.value.trimEnd() ? undefined : { margin: 5, minSize: 12 } }),
      autocompletion({ override: [complete] }),
      checked,
      keymap.of([
        { key: "F8", run: nextProblem },
        { key: "Mod-s", run: save, preventDefault: true },
        ...completionKeymap,
        indentWithTab,
        ...defaultKeymap,
        ...historyKeymap,
        ...searchKeymap,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          area.value = update.state.doc.toString();
          saved.textContent = "not saved";
          saved.className = "badge amber";
        }
        if (update.docChanged || update.selectionSet) show(update.state);
      }),
    ],
  });
  area.hidden = true;
  area.before(view.dom);
  document.querySelector("[data-keys-of-editor]").hidden = false;
  document.querySelector("[data-diff]").hidden = true;
  for (const link of document.querySelectorAll("#problems a[data-line]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goTo(view, Number(link.dataset.line), Number(link.dataset.column));
    });
  }
  let isSending = false;
  form.addEventListener("submit", () => (isSending = true));
  window.addEventListener("beforeunload", (event) => {
    if (!isSending && area.value !== area.defaultValue) event.preventDefault();
  });
};

const area = document.querySelector("textarea[data-editor]");
if (area && !area.readOnly) start(area);
