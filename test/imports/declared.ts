/** The model that an imported source declares: its text without its types, run. */

import type { Imported } from "../../compiler/imports/written.ts";
import * as language from "../../compiler/index.ts";

export function declared({ source }: Imported): language.Model {
  const untyped = source.replace("type FloatTensor, ", "").replaceAll(/scan<[^>]*>/g, "scan");
  const body = untyped.replace(/^import \{(.*?)\} from "adjoint";$/m, "const {$1} = adjoint;").replace("export default", "return");
  return (new Function("adjoint", body) as (adjoint: object) => language.Model)(language);
}
