/** Answers the golden corpus's questions with defrun on one device: the module its runner drives. */
import { graphFromGraphDef } from '../../src/serialize/graph-def.js';
import { convertToTensor } from '../../src/graph/add-node.js';
import { gradients } from '../../src/graph/gradients.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/operation.js';
import type { NdArray } from '../../src/graph/dtype.js';
import '../../src/ops/index.js';
import { Session } from '../../src/session/session.js';
import { openDevice, type DeviceName, type OpenDevice } from '../../src/session/device-choice.js';

export interface GoldenModule {
  runGraph(
    graph: Uint8Array,
    feeds: Record<string, NdArray>,
    fetches: string[],
  ): Promise<NdArray[]>;
  runGradient(
    graph: Uint8Array,
    feeds: Record<string, NdArray>,
    request: GradientRequest,
  ): Promise<(NdArray | null)[]>;
  runGradient2(
    graph: Uint8Array,
    feeds: Record<string, NdArray>,
    request: GradientRequest & { v: (NdArray | null)[] },
  ): Promise<(NdArray | null)[]>;
  createSession(graph: Uint8Array): Promise<GoldenSession>;
  close(): Promise<void>;
}
export interface GradientRequest {
  readonly y: string;
  readonly xs: readonly string[];
  readonly dy: NdArray;
}
export interface GoldenSession {
  run(step: {
    feeds: Record<string, NdArray>;
    fetches: string[];
    targets: string[];
  }): Promise<NdArray[]>;
  close(): Promise<void>;
}

const withPort = (name: string): string => (name.includes(':') ? name : `${name}:0`);

/** One answering module per device; all its sessions share the one device. */
export function goldenModule(name: DeviceName): GoldenModule {
  let opened: Promise<OpenDevice> | undefined;
  const device = (): Promise<OpenDevice> => (opened ??= openDevice(name));
  const runOnce = async (
    graph: Graph,
    feeds: Record<string, NdArray>,
    fetches: readonly string[],
  ): Promise<NdArray[]> => {
    const session = new Session({ graph, device: await device() });
    try {
      return (await session.run(fetches.map(withPort), feeds)) as NdArray[];
    } finally {
      await session.close();
    }
  };
  const firstOrder = (graph: Graph, request: GradientRequest): (string | null)[] => {
    const dy = constantIn(graph, request.dy);
    const xs = request.xs.map((name) => graph.tensor(withPort(name)));
    return gradients([graph.tensor(withPort(request.y))], xs, { gradYs: [dy] }).map(
      (t) => t?.name ?? null,
    );
  };
  const fetchSome = async (
    graph: Graph,
    feeds: Record<string, NdArray>,
    names: readonly (string | null)[],
  ): Promise<(NdArray | null)[]> => {
    const wanted = names.filter((name): name is string => name !== null);
    const values = wanted.length === 0 ? [] : await runOnce(graph, feeds, wanted);
    let next = 0;
    return names.map((name) => (name === null ? null : (values[next++] ?? null)));
  };
  return {
    runGraph: (bytes, feeds, fetches) => runOnce(graphFromGraphDef(bytes), feeds, fetches),
    runGradient: async (bytes, feeds, request) => {
      const graph = graphFromGraphDef(bytes);
      return fetchSome(graph, feeds, firstOrder(graph, request));
    },
    runGradient2: async (bytes, feeds, request) => {
      const graph = graphFromGraphDef(bytes);
      const first = firstOrder(graph, request);
      const ys: string[] = [];
      const gradYs: NdArray[] = [];
      for (const [i, name] of first.entries()) {
        const v = request.v[i];
        if (name === null || v === null || v === undefined) continue;
        ys.push(name);
        gradYs.push(v);
      }
      const xs = request.xs.map((name) => graph.tensor(withPort(name)));
      const second = gradients(
        ys.map((name) => graph.tensor(name)),
        xs,
        { gradYs: gradYs.map((array) => constantIn(graph, array)) },
      );
      return fetchSome(
        graph,
        feeds,
        second.map((t) => t?.name ?? null),
      );
    },
    createSession: async (bytes) => {
      const session = new Session({ graph: graphFromGraphDef(bytes), device: await device() });
      return {
        run: async ({ feeds, fetches, targets }) => {
          const [values] = await session.run([fetches.map(withPort), targets], feeds);
          return values as NdArray[];
        },
        close: () => session.close(),
      };
    },
    close: async () => {
      await (await opened)?.close();
    },
  };
}

const constantIn = (graph: Graph, array: NdArray): Tensor =>
  graph.asDefault(() => convertToTensor(array, { graph }));
