/** Jest over TypeScript sources as ES modules; `defrun` resolves to the sources under test. */
module.exports = {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^defrun$': '<rootDir>/src/index.ts',
    '^#local-gpu$': '<rootDir>/src/runtime/gpu/local-gpu.ts',
    '^#files$': '<rootDir>/src/serialize/files.ts',
  },
  transform: {
    '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json', diagnostics: false }],
  },
  setupFiles: ['<rootDir>/tests/support/setup.ts'],
  testEnvironment: 'node',
  testTimeout: 60000,
};
