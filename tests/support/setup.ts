/** Runs before every test file: every compilation checks its own stages. */
import { setVerification } from '../../src/compiler/verification.js';

setVerification(true);
