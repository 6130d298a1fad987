/** Which feeds must be known before compilation can go on: those behind values that decide shapes. */
import { UnimplementedError } from '../errors.js';
import type { FlowNode } from './flow.js';
import type { FlowBuilder } from './flow-builder.js';

/** Thrown when the values of these feeds decide a shape. */
export class NeedsFeedValues extends Error {
  constructor(readonly feeds: readonly number[]) {
    super('feed values decide shapes');
  }
}

/**
 * @param ids values that decide a shape of `node`.
 * @throws NeedsFeedValues with the feeds behind them, to ask for a compilation that knows those.
 * @throws UnimplementedError if variables or no feeds at all are behind them.
 */
export function needFeeds(flow: FlowBuilder, ids: readonly number[], node: FlowNode): never {
  const feeds = new Set<number>();
  const seen = new Set<number>();
  const stack = ids.map((id) => flow.value(id).base);
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const { source, label } = flow.value(id);
    if (source.kind === 'feed') feeds.add(source.feed);
    if (source.kind === 'variable') throw undecided(node, `the value of variable "${label}"`);
    for (const input of flow.producerOf(id)?.inputs ?? [])
      if (input >= 0) stack.push(flow.value(input).base);
  }
  if (feeds.size === 0) throw undecided(node, 'computed values');
  throw new NeedsFeedValues([...feeds]);
}

const undecided = ({ def, name }: FlowNode, on: string): UnimplementedError =>
  new UnimplementedError(
    `${def.name} "${name}": its output's shape depends on ${on}; only feeds and constants may decide shapes.`,
    { node: name, op: def.name },
  );
