/** Gradients of array ops against central differences, with static, partial and unknown shapes. */
import type { NdArray } from '../../../src/graph/dtype.js';
import type { Tensor } from '../../../src/graph/operation.js';
import '../../../src/ops/index.js';
import { concat } from '../../../src/ops/array/concat.js';
import { dynamicStitch } from '../../../src/ops/array/dynamic-stitch.js';
import { fill } from '../../../src/ops/array/fill.js';
import { gatherNd, scatterNd } from '../../../src/ops/array/gather-nd.js';
import { gather } from '../../../src/ops/array/gather.js';
import { getItem } from '../../../src/ops/array/get-item.js';
import { identityN } from '../../../src/ops/array/identity.js';
import { stack, unstack } from '../../../src/ops/array/pack.js';
import { pad } from '../../../src/ops/array/pad.js';
import { expandDims, reshape, squeeze } from '../../../src/ops/array/reshape.js';
import { reverse } from '../../../src/ops/array/reverse.js';
import { slice } from '../../../src/ops/array/slice.js';
import { split } from '../../../src/ops/array/split.js';
import { broadcastTo, tile } from '../../../src/ops/array/tile.js';
import { transpose } from '../../../src/ops/array/transpose.js';
import { unsortedSegmentSum } from '../../../src/ops/array/unsorted-segment-sum.js';
import { mul } from '../../../src/ops/math/arithmetic.js';
import { checkGradient, spread, type Build, type Knowledge } from '../gradient-check.js';

const at = (xs: readonly Tensor[], i = 0): Tensor => xs[i] as Tensor;
const square = (x: Tensor): Tensor => mul(x, x);
const one = (shape: readonly number[]): NdArray[] => [spread(shape, -2, 2, 1)];
const two = (a: readonly number[], b: readonly number[]): NdArray[] => [
  spread(a, -2, 2, 1),
  spread(b, -2, 2, 3),
];

const everyKnowledge: readonly Knowledge[] = ['static', 'rank', 'nothing'];
const withRank: readonly Knowledge[] = ['static', 'rank'];

// Squares make every second derivative different from zero.
const cases: readonly [string, Build, NdArray[], readonly Knowledge[]][] = [
  ['reshape', (xs) => square(reshape(at(xs), [3, -1])), one([2, 6]), everyKnowledge],
  ['expandDims', (xs) => square(expandDims(at(xs), -2)), one([2, 3]), everyKnowledge],
  ['squeeze', (xs) => square(squeeze(at(xs), [1])), one([2, 1, 3]), everyKnowledge],
  ['transpose', (xs) => square(transpose(at(xs), [2, 0, 1])), one([2, 3, 4]), everyKnowledge],
  ['transpose of all axes', (xs) => square(transpose(at(xs))), one([2, 3, 4]), everyKnowledge],
  ['slice', (xs) => square(slice(at(xs), [1, 0], [2, -1])), one([4, 3]), everyKnowledge],
  [
    'indexing with steps back',
    (xs) => square(getItem(at(xs), { step: -2 }, null, 1, { begin: 1 })),
    one([5, 2, 3]),
    everyKnowledge,
  ],
  ['concat', (xs) => square(concat([at(xs), at(xs, 1)], -1)), two([2, 3], [2, 2]), everyKnowledge],
  [
    'concat of many',
    (xs) => square(concat(new Array<Tensor>(18).fill(at(xs)), 0)),
    one([2, 3]),
    everyKnowledge,
  ],
  ['stack', (xs) => square(stack([at(xs), at(xs, 1)], 1)), two([2, 3], [2, 3]), everyKnowledge],
  [
    'unstack',
    (xs) => square(at(unstack(at(xs), { axis: 1, num: 3 }), 1)),
    one([2, 3]),
    everyKnowledge,
  ],
  ['split', (xs) => square(at(split(at(xs), 2, { axis: 1 }), 1)), one([2, 6]), everyKnowledge],
  ['split by size', (xs) => square(at(split(at(xs), [1, -1]), 1)), one([4, 2]), everyKnowledge],
  ['tile', (xs) => square(tile(at(xs), [2, 3])), one([2, 2]), everyKnowledge],
  ['broadcastTo', (xs) => square(broadcastTo(at(xs), [4, 2, 3])), one([2, 1]), everyKnowledge],
  [
    'pad',
    (xs) =>
      square(
        pad(at(xs), [
          [1, 2],
          [0, 1],
        ]),
      ),
    one([2, 3]),
    everyKnowledge,
  ],
  [
    'pad with a value',
    (xs) =>
      square(
        pad(
          at(xs),
          [
            [1, 2],
            [0, 1],
          ],
          { constantValues: 3 },
        ),
      ),
    one([2, 3]),
    everyKnowledge,
  ],
  [
    'pad by reflection',
    (xs) =>
      square(
        pad(
          at(xs),
          [
            [2, 1],
            [0, 2],
          ],
          { mode: 'REFLECT' },
        ),
      ),
    one([3, 4]),
    everyKnowledge,
  ],
  [
    'pad symmetrically',
    (xs) =>
      square(
        pad(
          at(xs),
          [
            [3, 1],
            [2, 4],
          ],
          { mode: 'SYMMETRIC' },
        ),
      ),
    one([3, 4]),
    everyKnowledge,
  ],
  ['fill', (xs) => square(fill([2, 3], at(xs))), one([]), withRank],
  [
    'gather of rows',
    (xs) =>
      square(
        gather(at(xs), [
          [2, 0],
          [2, 2],
        ]),
      ),
    one([3, 2]),
    everyKnowledge,
  ],
  [
    'gather of columns',
    (xs) => square(gather(at(xs), [3, 1, 3], { axis: 1 })),
    one([2, 4, 2]),
    withRank,
  ],
  [
    'gather from the end',
    (xs) => square(gather(at(xs), [1, 0], { axis: -1 })),
    one([3, 2]),
    withRank,
  ],
  [
    'gather in batches',
    (xs) =>
      square(
        gather(
          at(xs),
          [
            [0, 2],
            [1, 1],
          ],
          { axis: 2, batchDims: 1 },
        ),
      ),
    one([2, 3, 3, 2]),
    withRank,
  ],
  [
    'gatherNd of elements',
    (xs) =>
      square(
        gatherNd(at(xs), [
          [0, 1],
          [2, 0],
          [0, 1],
        ]),
      ),
    one([3, 2]),
    everyKnowledge,
  ],
  [
    'gatherNd of rows',
    (xs) => square(gatherNd(at(xs), [[2], [0], [2]])),
    one([3, 2]),
    everyKnowledge,
  ],
  [
    'scatterNd',
    (xs) => square(scatterNd([[1], [3], [1]], at(xs), [4, 2])),
    one([3, 2]),
    everyKnowledge,
  ],
  [
    'unsortedSegmentSum',
    (xs) => square(unsortedSegmentSum(at(xs), [1, -1, 1, 0], 3)),
    one([4, 2]),
    everyKnowledge,
  ],
  ['reverse', (xs) => square(reverse(at(xs), [-1])), one([2, 3]), everyKnowledge],
  [
    'dynamicStitch',
    (xs) =>
      square(
        dynamicStitch(
          [
            [0, 3],
            [2, 1],
          ],
          [at(xs), at(xs, 1)],
        ),
      ),
    two([2, 2], [2, 2]),
    everyKnowledge,
  ],
  ['identityN', (xs) => square(at(identityN(xs), 1)), two([2], [3]), everyKnowledge],
];

for (const [name, build, inputs, knowledges] of cases) {
  for (const knowledge of knowledges) {
    it(`differentiates ${name} twice (shapes known: ${knowledge})`, () => {
      checkGradient(build, inputs, knowledge);
    });
  }
}
