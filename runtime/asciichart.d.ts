/** What the package `asciichart` offers, as far as it is used here; it brings no types of its own. */

declare module "asciichart" {
  interface Settings {
    readonly height: number;
    /** One escape sequence a series; without it, no colour. */
    readonly colors?: readonly string[];
    readonly format: (value: number) => string;
  }
  const asciichart: {
    readonly blue: string;
    readonly yellow: string;
    readonly reset: string;
    plot(series: readonly (readonly number[])[], settings: Settings): string;
  };
  export default asciichart;
}
