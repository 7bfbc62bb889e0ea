/** The page's own script: the inspector of the model whose data lie in the page. */

import type { PageData } from "../../compiler/inspector/data.ts";
import { mount } from "./mount.ts";

const root = document.getElementById("inspector")!;
mount(root, JSON.parse(document.getElementById("data")!.textContent) as PageData);
