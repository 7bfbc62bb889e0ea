/** The first page: the others, in order. */

import { byId, h } from "./dom.ts";
import { PAGES } from "./pages.ts";

byId("pages").append(
  ...PAGES.map(({ file, title, idea }) => h("li", {}, h("a", { href: `./${file}` }, h("strong", {}, title), h("span", {}, idea)))),
);
