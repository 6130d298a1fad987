/**
 * Gives Graph its file methods. The graph layer knows nothing of files, so they are attached here,
 * when the library is imported.
 */
import { Graph } from '../graph/graph.js';
import { graphFromGraphDef, toGraphDef } from './graph-def.js';
import { toGraphDefText } from './text-format.js';
import { graphToMessage } from './export-graph.js';

declare module '../graph/graph.js' {
  // Merging a namespace with a class is how a static method is declared from outside.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Graph {
    /**
     * A new graph of binary GraphDef bytes; unknown ops are kept.
     * @throws DataLossError for damaged bytes, InvalidArgumentError for a graph that contradicts itself.
     * @example const graph = Graph.fromGraphDef(await readFile('frozen.pb'));
     */
    function fromGraphDef(bytes: Uint8Array): Graph;
  }
  interface Graph {
    /** The graph as binary GraphDef bytes. */
    toGraphDef(): Uint8Array;
    /** The graph in protobuf's text format (`.pbtxt`). */
    toGraphDefText(): string;
  }
}

Graph.fromGraphDef = graphFromGraphDef;
Graph.prototype.toGraphDef = function (this: Graph): Uint8Array {
  return toGraphDef(this);
};
Graph.prototype.toGraphDefText = function (this: Graph): string {
  return toGraphDefText(graphToMessage(this));
};
