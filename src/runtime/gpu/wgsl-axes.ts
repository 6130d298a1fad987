/** Index variables of a kernel's axes from one flat number, last axis fastest. */

export interface FlatAxis {
  /** WGSL name of the index. */
  readonly name: string;
  readonly extent: number;
  /** Elements one step of the flat number covers: 4 on a vectorised last axis. */
  readonly step: 1 | 4;
  /** Whether anything reads it. */
  readonly used: boolean;
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));
const divided = (text: string, by: number): string =>
  isPowerOfTwo(by) ? `${text} >> ${Math.log2(by)}u` : `${text} / ${by}`;
const remaining = (text: string, by: number): string =>
  isPowerOfTwo(by) ? `${text} & ${by - 1}` : `${text} % ${by}`;

/** `let` statements that split `flat` (a name) into the axes. */
export function axisLines(axes: readonly FlatAxis[], flat: string): string[] {
  const lines: string[] = [];
  let rest = flat;
  for (let i = axes.length - 1; i >= 0; i--) {
    const axis = axes[i];
    if (axis === undefined) break;
    // One step of the outermost axis is printed like many, so that the text holds for any number.
    const count = i === 0 && axis.extent > 1 ? Infinity : axis.extent / axis.step;
    const outer = axes.slice(0, i);
    const last = outer.every(({ extent }) => extent === 1);
    const place = count === 1 ? '0' : last ? rest : remaining(rest, count);
    const scaled = axis.step === 1 ? place : place === rest ? `${rest} * 4` : `(${place}) * 4`;
    if (axis.used) lines.push(`let ${axis.name} = ${count === 1 ? '0' : scaled};`);
    if (last || count === 1 || !outer.some(({ used }) => used)) continue;
    lines.push(`let ${axis.name}_rest = ${divided(rest, count)};`);
    rest = `${axis.name}_rest`;
  }
  return lines;
}
