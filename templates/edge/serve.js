import { Miniflare } from "miniflare";

// the runtime that workers have at the edge, on this machine
const edge = new Miniflare({ modules: true, scriptPath: "dist/handler.js", compatibilityDate: "2025-01-01" });
const answer = await edge.dispatchFetch("http://localhost/?steps=1000");
console.log(await answer.text());
await edge.dispose();
