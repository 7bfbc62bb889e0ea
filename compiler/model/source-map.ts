/**
 * Guarantees that a place in a bundled file is found in the files that it was made of, on engines that do not follow source maps themselves
 * (Bun, for one). Format: ECMA-426, mappings as base64 VLQ.
 */

/** A source map, as far as it is read here: names of files and mappings. */
export interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** A place, counted from 1 as stacks do. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where a stretch of a generated line comes from, counted from 0. */
type Segment = readonly [generatedColumn: number, source: number, line: number, column: number];

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Numbers of one segment: five bits a digit, the lowest first, the sixth says that more follow; the lowest bit of all is the sign. */
function numbersOf(text: string): readonly number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const digit of text) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) !== 0) continue;
    numbers.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}

/** All but the generated column go on from line to line. */
function decoded(mappings: string): readonly (readonly Segment[])[] {
  let [source, line, column] = [0, 0, 0];
  return mappings.split(";").map((text) => {
    let generated = 0;
    return text.split(",").flatMap((segment): Segment[] => {
      const [step = 0, ofSource, ofLine = 0, ofColumn = 0] = numbersOf(segment);
      generated += step;
      if (ofSource === undefined) return [];
      source += ofSource;
      line += ofLine;
      column += ofColumn;
      return [[generated, source, line, column]];
    });
  });
}

const readers = new Map<string, (line: number, column: number) => Place | undefined>();

/** From now on places in `file`, a path, are those of the files that it was made of. */
export function followMap(file: string, { sources, mappings }: SourceMap): void {
  let lines: ReturnType<typeof decoded> | undefined;
  readers.set(file, (line, column) => {
    lines ??= decoded(mappings);
    const found = lines[line - 1]?.findLast(([generated]) => generated <= column - 1);
    return found && { file: sources[found[1]]!, line: found[2] + 1, column: found[3] + 1 };
  });
}

/** The place that a place of a stack stands for. */
export const followed = (place: Place): Place => readers.get(place.file)?.(place.line, place.column) ?? place;
