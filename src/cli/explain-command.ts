/** `defrun explain`: the Program a run would execute. */
import type { Command } from 'commander';
import { TfError, UnavailableError } from '../errors.js';
import { isStatic, type StaticShape } from '../graph/shape.js';
import { Operation } from '../graph/operation.js';
import { explain } from '../session/explain.js';
import { endingWith, exitCodes, usageError } from './exit-codes.js';
import { assertAllFed, readGraph, resolveFetches, unfedPlaceholders, type NamedFetch } from './graph-file.js';
import { writeLine, type CliIo } from './io.js';
import { deviceOption, gather, gatherShapes, type DeviceName } from './options.js';
