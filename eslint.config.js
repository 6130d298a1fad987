/** Lint rules: typescript-eslint's strictest set, and the sizes and habits of the house style. */
import tseslint from 'typescript-eslint';

const types = ['**/*.ts'];
const printable = [{ from: 'file', name: ['Operation', 'Tensor', 'Variable'] }];
const voidReturns = { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true };

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'tests/golden/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: types,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      // Numbers, and graph elements with a toString of their own, read well in messages.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allow: printable },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', voidReturns],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of strings.' },
      ],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
    },
  },
  {
    // A suite is one function; its cases are the units.
    files: ['tests/**/*.ts', 'benchmarks/**/*.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
);
