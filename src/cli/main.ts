/** The command line as a function: arguments and streams in, exit code out. Never throws. */
import { Command, CommanderError } from 'commander';
import { addDoctorCommand } from './doctor-command.js';
import { exitCodeOf, exitCodes, messageOf, type ExitCode } from './exit-codes.js';
import { addExplainCommand } from './explain-command.js';
import { addInspectCommand } from './inspect-command.js';
import { writeAll, writeLine, type CliIo } from './io.js';
import { addRunCommand } from './run-command.js';
import { packageVersion } from './version.js';

const help = `
Exit codes: 0 ok, 1 unexpected error, 2 wrong usage, 3 bad input, 4 the graph cannot run,
5 no GPU adapter, 124 timed out, 130 interrupted. DEFRUN_DEBUG=1 adds stack traces.

Examples:
  $ defrun inspect frozen.pb
  $ defrun run frozen.pb --feed x=digit.png
  $ defrun explain frozen.pb --shape x=1,784
  $ defrun doctor`;

/**
 * Runs one command.
 *
 * @param argv arguments without the program: `['run', 'frozen.pb', '--json']`.
 * @returns the exit code; what went wrong is told on `io.stderr`.
 * @example process.exitCode = await main(process.argv.slice(2), io);
 */
export async function main(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  let exitCode: number = exitCodes.ok;
  const done = (code: number): void => void (exitCode = code);
  const program = new Command('defrun')
    .description('Runs TensorFlow graphs on WebGPU.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.push(text),
      writeErr: (text) => void stderr.push(text),
    })
    .showHelpAfterError('(add --help for usage)')
    .addHelpText('after', help);
  addRunCommand(program, io, done);
  addInspectCommand(program, io, done);
  addExplainCommand(program, io, done);
  addDoctorCommand(program, io, done);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    exitCode = await report(error, io);
  }
  await writeAll(io.stdout, stdout);
  await writeAll(io.stderr, stderr);
  return exitCode as ExitCode;
}

/** Tells what went wrong, in one message; Commander has told its own already. */
async function report(error: unknown, io: CliIo): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const text = messageOf(error).trim();
  await writeLine(io.stderr, `defrun: ${text || 'unknown error'}`);
  if (io.env['DEFRUN_DEBUG'] === '1')
    for (let at = error; at instanceof Error; at = at.cause)
      await writeLine(io.stderr, at.stack ?? at.message);
  return exitCodeOf(error);
}
