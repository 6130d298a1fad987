/**
 * Compile: a graph and a run's signature to a Program. Pure: what it needs of the session (variable
 * states, fed values) and of the host (evaluating constants) is passed in.
 */
import type { NdArray } from '../graph/dtype.js';
import type { Tensor } from '../graph/operation.js';
import type { StaticShape } from '../graph/shape.js';
import type { Program } from '../ir/program.js';
import { isLowerable } from '../ops/index.js';
import { assemble } from './assemble.js';
import type { Flow } from './flow.js';
import { kernelSteps } from './kernel-cost.js';
import { NeedsFeedValues } from './needed-feeds.js';
import { prune, type RunSignature } from './prune.js';
import { specialise } from './specialise.js';
import type { VariableStates } from './variable-versions.js';

export interface CompileEnv {
  readonly hasDevice: boolean;
  readonly maxBindings: number;
  readonly maxBindingBytes: number;
  readonly feedShapes: ReadonlyMap<Tensor, StaticShape>;
  /** Value of a feed, if it is at hand; asked for only where it decides a shape. */
  readonly feedValue: (feed: Tensor) => NdArray | undefined;
  readonly variables: VariableStates;
  /** Runs a host-only program without feeds. */
  readonly evaluate: (program: Program) => readonly (NdArray | null)[];
  readonly fuse?: boolean;
  /** Whether to check every stage; by default the setting of `setVerification`. */
  readonly verify?: boolean;
}

export interface Compiled {
  readonly program: Program;
  /** Feeds whose values went into the program: it holds for these values only. */
  readonly valueFeeds: readonly Tensor[];
  /** Whether what the compiler was told about variables still holds. */
  readonly isCurrent: () => boolean;
}

/**
 * @throws InvalidArgumentError for shape errors and unfed placeholders, UnimplementedError for ops
 *   or dtypes without kernels.
 */
export function compile(signature: RunSignature, env: CompileEnv): Compiled {
  const ordered = prune(signature, (op) => isLowerable(op.type));
  const values = new Map<Tensor, NdArray>();
  const { states, isCurrent } = recording(env.variables);
  for (;;) {
    try {
      const flow = specialise(ordered, signature, {
        hasDevice: env.hasDevice,
        feedShapes: env.feedShapes,
        feedValues: values,
        variables: states,
        evaluate: (constant) => evaluateConstant(constant, env),
      });
      const program = assemble(flow, env);
      return { program, valueFeeds: [...values.keys()], isCurrent };
    } catch (error) {
      if (!(error instanceof NeedsFeedValues)) throw error;
      learnValues(error, signature, env, values);
    }
  }
}

/** Constants that take longer than this many kernel steps are computed by the run instead. */
const maxFoldSteps = 5e7;

function evaluateConstant(flow: Flow, env: CompileEnv): readonly NdArray[] | null {
  const verify = env.verify === undefined ? {} : { verify: env.verify };
  const program = assemble(flow, { maxBindings: 4096, ...verify });
  let steps = 0;
  for (const step of program.steps) if (step.kind === 'kernel') steps += kernelSteps(step.kernel);
  return steps > maxFoldSteps ? null : (env.evaluate(program) as readonly NdArray[]);
}

function learnValues(
  needed: NeedsFeedValues,
  signature: RunSignature,
  env: CompileEnv,
  values: Map<Tensor, NdArray>,
): void {
  const before = values.size;
  for (const i of needed.feeds) {
    const feed = signature.feeds[i];
    const value = feed === undefined ? undefined : env.feedValue(feed);
    if (feed !== undefined && value !== undefined) values.set(feed, value);
  }
  if (values.size === before) throw needed;
}

/** Remembers what was asked and answered, so that it can be asked again. */
function recording(variables: VariableStates): {
  readonly states: VariableStates;
  readonly isCurrent: () => boolean;
} {
  const checks = new Map<string, () => boolean>();
  const states: VariableStates = {
    shape: (key, declared) => {
      const answer = variables.shape(key, declared);
      const text = String(answer);
      checks.set(`shape ${key}`, () => String(variables.shape(key, declared)) === text);
      return answer;
    },
    isInitialized: (key) => {
      const answer = variables.isInitialized(key);
      checks.set(`initialized ${key}`, () => variables.isInitialized(key) === answer);
      return answer;
    },
  };
  return { states, isCurrent: () => [...checks.values()].every((check) => check()) };
}
