/** A loader for webpack and Rspack: TypeScript without its types, by esbuild. */
module.exports = function stripTypes(source) {
  const done = this.async();
  require("esbuild")
    .transform(source, { loader: "ts", target: "es2023", format: "esm" })
    .then(({ code }) => done(null, code), done);
};
