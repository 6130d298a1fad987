/** Flags of the WebGPU specification, as numbers: Node has no GPUBufferUsage among its globals. */
export const bufferUsage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyDestination: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
  queryResolve: 0x0200,
} as const;

export const mapModeRead = 1;
export const computeStage = 4;

/** Storage buffers are padded to this, so that arrays of vec4 always find one element. */
export const bufferAlignment = 16;

export const alignBytes = (byteLength: number): number =>
  Math.max(Math.ceil(byteLength / bufferAlignment), 1) * bufferAlignment;
