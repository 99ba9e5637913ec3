import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What no file may contain, each with what to do instead. */
const forbiddenSyntax = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals, not an enum.' },
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportAllDeclaration', message: 'List the names a module exports.' },
  {
    selector: "CallExpression[callee.name='forwardRef']",
    message: 'A circular dependency is a design fault: cut it, do not defer it.',
  },
  {
    selector:
      "CallExpression[callee.property.name='execute'][callee.object.type='CallExpression'][callee.object.callee.property.name='delete']",
    message: 'A query builder delete without where() empties the table. Write the SQL.',
  },
];
const noAssertion = {
  selector: 'TSAsExpression:not([typeAnnotation.typeName.name="const"])',
  message: 'Narrow with a check or parse instead of asserting a type.',
};
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only libs/platform/config reads the environment.',
};

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', '.lethe/', 'coverage/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 50 }],
      complexity: ['error', 10],
      'max-params': ['error', 5],
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...forbiddenSyntax, noAssertion, noEnvironment],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Options that are left out fall back to the rule's own defaults, which allow null, undefined and any.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {
          allowNumber: true,
          allowAny: false,
          allowBoolean: false,
          allowNever: false,
          allowNullish: false,
          allowRegExp: false,
        },
      ],
      // Rows and DTOs are shapes that object literals have; nothing asks for their constructors.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    },
  },
  {
    // Nest reads constructor parameter types at run time, so an import that looks type-only is not.
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: [
      'libs/platform/config/**/*.ts',
      'libs/testing/**/*.ts',
      '**/*.test.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...forbiddenSyntax, noAssertion] },
  },
  {
    // These talk to a person at a terminal.
    files: ['apps/cli/**/*.ts', 'apps/demo/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts', 'libs/testing/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': 'off',
      'no-restricted-syntax': ['error', ...forbiddenSyntax],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['vitest.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.{js,mjs}'], extends: [tseslint.configs.disableTypeChecked] },
);
