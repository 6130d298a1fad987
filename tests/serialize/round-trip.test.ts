/** Every golden graph, through messages, through a Graph, and through text. */
import { isDeepStrictEqual } from 'node:util';
import {
  decodeGraphDef,
  encodeGraphDef,
  graphFromGraphDef,
  toGraphDef,
} from '../../src/serialize/graph-def.js';
import { graphDefFromText, toGraphDefText } from '../../src/serialize/text-format.js';
import { goldenGraphs, type GoldenGraph } from './golden-graphs.js';

const graphs = goldenGraphs();

/** Ids of graphs that come back as other messages. Maps may be written in another order. */
const changed = (through: (graph: GoldenGraph) => Uint8Array): string[] =>
  graphs
    .filter((graph) => {
      const back = through(graph);
      if (Buffer.compare(graph.bytes, back) === 0) return false;
      return !isDeepStrictEqual(decodeGraphDef(back), decodeGraphDef(graph.bytes));
    })
    .map((graph) => graph.id);

describe('golden graphs', () => {
  it('are there', () => {
    expect(graphs.length).toBeGreaterThan(4000);
  });
  it('come back unchanged from messages', () => {
    expect(changed(({ bytes }) => encodeGraphDef(decodeGraphDef(bytes)))).toEqual([]);
  });
  it('come back byte for byte, but where a map has several entries in a hashed order', () => {
    const inexact = graphs.filter(
      ({ bytes }) => Buffer.compare(bytes, encodeGraphDef(decodeGraphDef(bytes))) !== 0,
    );
    expect(inexact.length).toBeLessThan(30);
    for (const { bytes } of inexact)
      expect(encodeGraphDef(decodeGraphDef(bytes)).byteLength).toBe(bytes.byteLength);
  });
  it('come back unchanged from a Graph: order, devices, unknown ops and attrs, library, versions', () => {
    expect(changed(({ bytes }) => toGraphDef(graphFromGraphDef(bytes)))).toEqual([]);
  });
  it('come back unchanged from text', () => {
    expect(
      changed(({ bytes }) =>
        encodeGraphDef(graphDefFromText(toGraphDefText(decodeGraphDef(bytes)))),
      ),
    ).toEqual([]);
  });
});
