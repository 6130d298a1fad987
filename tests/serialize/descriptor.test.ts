/** The checked-in descriptor against the .proto files. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageType } from '../../src/serialize/codec.js';

const script = fileURLToPath(new URL('../../scripts/build-proto.mjs', import.meta.url));

describe('descriptor', () => {
  it('equals what the script makes of proto/*.proto', () => {
    expect(() =>
      execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' }),
    ).not.toThrow();
  });

  it('has the field numbers that trip readers', () => {
    const number = (type: string, field: string): number | undefined =>
      messageType(type).fields[field]?.id;
    expect(number('TensorShapeProto', 'dim')).toBe(2);
    expect(number('GraphDef', 'versions')).toBe(4);
    expect(number('AttrValue', 'list')).toBe(1);
    expect(number('TensorProto', 'half_val')).toBe(13);
    expect(number('NodeDef', 'experimental_debug_info')).toBe(6);
  });
});
