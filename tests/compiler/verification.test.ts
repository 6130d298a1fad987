import { assemble } from '../../src/compiler/assemble.js';
import type { Flow, FlowNode, Value } from '../../src/compiler/flow.js';
import type { MapPiece, Piece } from '../../src/compiler/piece.js';
import { isVerifying } from '../../src/compiler/verification.js';
import { verifyFlow } from '../../src/compiler/verify-flow.js';
import { verifyPieces, type PieceValues } from '../../src/compiler/verify-pieces.js';
import { InternalError } from '../../src/errors.js';
import { constant, index, load } from '../../src/ir/expr.js';
import { opDef } from '../../src/ops/index.js';

const value = (id: number, more: Partial<Value> = {}): Value => ({
  id,
  dtype: 'float32',
  shape: [4],
  place: 'device',
  source: { kind: 'node' },
  base: id,
  label: `v${id}`,
  ...more,
});
const node = (more: Partial<FlowNode> = {}): FlowNode => ({
  name: 'n',
  def: opDef('Neg'),
  attrs: { T: 'float32' },
  inputs: [0],
  outputs: [1],
  place: 'device',
  ...more,
});
const flow = (more: Partial<Flow> = {}): Flow => ({
  values: [value(0, { source: { kind: 'feed', feed: 0 } }), value(1)],
  nodes: [node()],
  fetches: [1],
  feeds: [{ name: 'x:0', dtype: 'float32', shape: [4] }],
  variables: [],
  random: [],
  ...more,
});
const fed = value(0, { source: { kind: 'feed', feed: 0 } });
const variable = {
  key: '/v',
  node: 'v',
  op: 'VariableV2',
  dtype: 'float32',
  shape: [4],
  place: 'device',
  initial: null,
  final: null,
} as const;

describe('verifyFlow', () => {
  it('accepts a flow', () => {
    expect(() => {
      verifyFlow(flow());
    }).not.toThrow();
  });

  it.each<[string, Flow, string]>([
    ['a value that is not its own number', flow({ values: [fed, value(5)] }), 'it calls itself 5'],
    ['a missing base', flow({ values: [fed, value(1, { base: 9 })] }), 'there is no base value 9'],
    [
      'a base of a base',
      flow({ values: [fed, value(1, { base: 0 }), value(2, { base: 1 })] }),
      'has a base of its own',
    ],
    [
      'a base of another size',
      flow({ values: [fed, value(1, { base: 0, shape: [5] })] }),
      'it is float32 [5], its base float32 [4]',
    ],
    ['a missing feed', flow({ feeds: [] }), 'there is no feed 0'],
    [
      'a use before the definition',
      flow({ nodes: [node({ inputs: [1] })] }),
      'value 1 is used before it is computed',
    ],
    ['a value computed twice', flow({ nodes: [node(), node()] }), 'value 1 is computed twice'],
    ['a fetch nothing computes', flow({ nodes: [] }), 'nothing computes value 1'],
    [
      'an op that should be gone',
      flow({ nodes: [node({ def: opDef('Const'), inputs: [] })] }),
      'an op of kind',
    ],
    [
      'an output elsewhere than its node',
      flow({ nodes: [node({ place: 'host' })] }),
      'it runs on the host, its output is on the device',
    ],
    [
      'a stream without random',
      flow({ nodes: [node({ random: 0 })] }),
      'random streams belong to random ops',
    ],
    [
      'a variable whose found value is not',
      flow({ variables: [{ ...variable, initial: 0 }] }),
      'value 0 is not what the run finds in it',
    ],
    [
      'a new value of another dtype',
      flow({ variables: [{ ...variable, dtype: 'int32', final: 1 }] }),
      'is float32, not int32',
    ],
  ])('rejects %s', (_, bad, message) => {
    const verify = (): void => {
      verifyFlow(bad);
    };
    expect(verify).toThrow(InternalError);
    expect(verify).toThrow(message);
  });
});

const piece = (more: Partial<MapPiece> = {}): Piece => ({
  kind: 'map',
  place: 'device',
  nodes: ['n'],
  shape: [4],
  outputs: [{ value: 1, expr: load(0, 'f32', [index(0)]) }],
  ...more,
});
const values: PieceValues = {
  shapeOf: (id) => (id < 3 ? [4] : undefined),
  typeOf: () => 'f32',
  isComputed: (id) => id > 0,
};

describe('verifyPieces', () => {
  it('accepts a piece', () => {
    expect(() => {
      verifyPieces('lowered', [piece()], values, new Set([1]));
    }).not.toThrow();
  });

  const from = (id: number, rank = 1): Partial<MapPiece> => ({
    outputs: [
      {
        value: 1,
        expr: load(
          id,
          'f32',
          Array.from({ length: rank }, (_, i) => index(i)),
        ),
      },
    ],
  });
  it.each<[string, readonly Piece[], string]>([
    ['a load of a missing value', [piece(from(7))], 'there is no value 7'],
    ['a load of the wrong rank', [piece(from(0, 2))], 'is loaded at 2 indices'],
    ['a load before the computation', [piece(from(2))], 'value 2 is loaded before it is computed'],
    [
      'a load of another type',
      [piece({ outputs: [{ value: 1, expr: load(0, 'i32', [index(0)]) }] })],
      'value 0 is f32 on the device, and is loaded as i32',
    ],
    [
      'an output of another type',
      [piece({ outputs: [{ value: 1, expr: constant('i32', 1) }] })],
      'is computed as i32',
    ],
    [
      'an output of another size',
      [piece({ shape: [5] })],
      'value 1 of shape [4] is filled over [5]',
    ],
    ['a value computed twice', [piece(), piece()], 'value 1 is computed twice'],
    ['a value nobody computes', [], 'nothing computes value 1'],
  ])('rejects %s', (_, pieces, message) => {
    const verify = (): void => {
      verifyPieces('lowered', pieces, values, new Set([1]));
    };
    expect(verify).toThrow(InternalError);
    expect(verify).toThrow(message);
  });
});

describe('verification', () => {
  it('is on in the tests, and catches an op whose lowering breaks the rules', () => {
    expect(isVerifying()).toBe(true);
    const Neg = opDef('Neg');
    const Broken = {
      ...Neg,
      lower: { kind: 'elementwise', expr: () => constant('i32', 1) },
    } as const;
    const broken = flow({ nodes: [node({ def: Broken })] });
    expect(() => assemble(broken, { maxBindings: 8 })).toThrow('is computed as i32');
  });
});
