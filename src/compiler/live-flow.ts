/** Drops the nodes of a flow that no fetch and no variable's new value depends on. */
import type { Flow, FlowNode } from './flow.js';

export function liveFlow(flow: Flow): Flow {
  const live = new Set<number>();
  const mark = (id: number): void => {
    live.add(id).add(flow.values[id]?.base ?? id);
  };
  flow.fetches.forEach(mark);
  for (const variable of flow.variables) if (variable.final !== null) mark(variable.final);
  const nodes: FlowNode[] = [];
  for (const node of [...flow.nodes].reverse()) {
    if (!node.outputs.some((id) => live.has(id))) continue;
    nodes.push(node);
    for (const id of node.inputs) if (id >= 0) mark(id);
  }
  const variables = flow.variables.map((v) => ({
    ...v,
    initial: v.initial !== null && live.has(v.initial) ? v.initial : null,
  }));
  return { ...flow, nodes: nodes.reverse(), variables };
}
