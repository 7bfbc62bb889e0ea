/** The pages in the lecture's order, and what all of them have around their idea. */

export interface PageEntry {
  readonly file: string;
  readonly title: string;
  /** One sentence: what is seen there. */
  readonly idea: string;
}

export const PAGES: readonly PageEntry[] = [
  {
    file: "chain-rule.html",
    title: "The chain rule",
    idea: "A circuit of any formula: values go forward, gradients come back, and every one of them is one statement of emitted code.",
  },
  {
    file: "linear.html",
    title: "A linear classifier",
    idea: "Points that you drag, two losses, and what lines cannot separate until their features are better.",
  },
  {
    file: "templates.html",
    title: "Templates",
    idea: "A classifier of digits trains here; its weights are pictures, and you can draw it a digit.",
  },
  {
    file: "convolution.html",
    title: "Convolution",
    idea: "One filter slides over a picture; six of them make six maps, and training tells them what to look for.",
  },
  {
    file: "hyperparameters.html",
    title: "Hyperparameters",
    idea: "Several trainers race on the same digits, each with other choices.",
  },
  {
    file: "memory.html",
    title: "Memory and cost",
    idea: "Every byte of a training step, planned before it runs, and what a budget costs.",
  },
  {
    file: "dreams.html",
    title: "Style and dreams",
    idea: "The gradient goes on to the picture, and the picture is what is trained.",
  },
  {
    file: "playground.html",
    title: "Playground",
    idea: "Any model, yours as well: its diagnostics as you type, its gradient code, its training.",
  },
];

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** The head of every page: the name of the site and the way to the others. */
export function navigation(current: string): string {
  const links = PAGES.map(
    ({ file, title }) => `<li><a href="./${file}"${file === current ? ' aria-current="page"' : ""}>${escaped(title)}</a></li>`,
  );
  return `<header class="site"><a class="name" href="./index.html">adjoint</a><nav aria-label="Pages"><ul>${links.join("")}</ul></nav></header>`;
}

/** The foot: what comes next, and what all of this is. */
export function footer(current: string): string {
  const next = PAGES[PAGES.findIndex(({ file }) => file === current) + 1];
  const go =
    next === undefined ? "" : `<p class="next">Next: <a href="./${next.file}">${escaped(next.title)}</a>. ${escaped(next.idea)}</p>`;
  return `<footer class="site">${go}<p>Everything here is compiled and trained in this page, by the compiler that <code>npm install adjoint</code> installs. Nothing is sent anywhere.</p></footer>`;
}
