/** What cannot be imported: the thing, the place in the file, the remedy. Whoever imports writes nothing then. */
export class ImportError extends Error {
  override readonly name = "ImportError";
}
