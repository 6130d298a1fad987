#!/usr/bin/env node
/** The defrun command: hands the process's streams and its interrupts to `main`. */
import { main } from '../src/cli/main.js';

const interrupted = new AbortController();
process.on('SIGINT', () => {
  // A second interrupt does not wait for anything.
  if (interrupted.signal.aborted) process.exit(130);
  interrupted.abort();
});
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has gone (`| head`): nobody is left to tell.
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });

const exitCode = await main(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  signal: interrupted.signal,
});
// Dawn and an open stdin would keep the process alive.
process.exit(exitCode);
