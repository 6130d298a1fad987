/** Indentation of printed blocks. */

/** Statements as the lines of a block, each with its newline. */
export const indented = (lines: readonly string[]): string =>
  lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}\n`).join('');
