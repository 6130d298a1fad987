import { defineOp } from '../op-def.js';
export const Const = defineOp({ name: 'Const', attrs: { value: { kind: 'tensor' }, dtype: { kind: 'type' } }, inputs: {}, outputs: { output: 'dtype' },
  infer: ({ attrs }) => ({ output: attrs.value.shape }), grad: { none: '' }, lower: { kind: 'constant', value: ({ attrs }) => [attrs.value.array()] } });
export const Placeholder = defineOp({ name: 'Placeholder', attrs: { dtype: { kind: 'type' }, shape: { kind: 'shape', default: null } }, inputs: {}, outputs: { output: 'dtype' },
  infer: ({ attrs }) => ({ output: attrs.shape }), grad: { none: '' }, lower: { kind: 'none' } });
export const Identity = defineOp({ name: 'Identity', attrs: { T: { kind: 'type' } }, inputs: { input: 'T' }, outputs: { output: 'T' },
  infer: ({ shapes }) => ({ output: shapes.input }), grad: ({ dy }) => ({ input: dy.output }), lower: { kind: 'alias', input: 'input' } });
