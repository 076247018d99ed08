// Imports point one way: contracts <- domain <- engine ports <- http <- services; implementations import drivers; only
// app.ts with open-engines.ts (and the command line, which wires commands) imports implementations; services never import each other.
const swc = require('@swc/core');

// dependency-cruiser does not tell its parser which files have JSX.
const { parseFileSync } = swc;
swc.parseFileSync = (file, options) => parseFileSync(file, { ...options, tsx: file.endsWith('.tsx') });

const server = 'packages/server/src';
const web = 'packages/web/src';
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule(
      'no-circular',
      'A cycle means that two files are one.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule('no-unresolved', 'Every import must resolve.', {}, { couldNotResolve: true }),
    rule(
      'contracts-import-nothing',
      'contracts is the bottom: it imports its schema library alone.',
      { path: '^packages/contracts/src', pathNot: '\\.test\\.ts$' },
      { pathNot: ['^packages/contracts/src', 'node_modules/typebox'] },
    ),
    rule(
      'client-imports-contracts',
      'The SDK has no runtime dependencies; a test of the built package checks that contracts gives it types alone.',
      { path: '^packages/client/src', pathNot: '\\.(test|fixture)\\.ts$' },
      { pathNot: ['^packages/client/src', '^packages/contracts'] },
    ),
    rule(
      'domain-is-pure',
      'domain does no I/O: it imports contracts, itself, and libraries that compute.',
      { path: `^${server}/domain`, pathNot: '\\.test\\.ts$' },
      {
        pathNot: [
          `^${server}/domain`,
          '^packages/contracts',
          'node_modules/typebox',
          'node_modules/@marcbachmann/cel-js',
        ],
      },
    ),
    rule(
      'ports-import-domain',
      'A port imports contracts and domain.',
      { path: `^${server}/engines/[^/]+/port\\.ts$` },
      { pathNot: [`^${server}/domain`, '^packages/contracts', `^${server}/engines/[^/]+/[^/]+\\.ts$`] },
    ),
    rule(
      'engines-know-no-services',
      'Engines know neither services nor HTTP.',
      { path: `^${server}/engines`, pathNot: '\\.test\\.ts$' },
      { path: [`^${server}/(services|http|cli|config)/`, `^${server}/(app|main|open-engines)\\.ts$`] },
    ),
    rule(
      'services-import-ports',
      'Services see engines through their ports.',
      { path: `^${server}/(services|http)/`, pathNot: '\\.test\\.ts$' },
      { path: `^${server}/engines/`, pathNot: `^${server}/engines/[^/]+/[^/]+\\.ts$` },
    ),
    rule(
      'services-import-no-service',
      'Services never import each other.',
      { path: `^${server}/services/([^/]+)/` },
      { path: `^${server}/services/`, pathNot: `^${server}/services/$1/` },
    ),
    rule(
      'web-imports-client',
      'The pages know the SDK and the contracts; data comes through nothing else.',
      { path: '^packages/web/' },
      { path: '^packages/', pathNot: ['^packages/web/', '^packages/client/src', '^packages/contracts/src'] },
    ),
    rule(
      'pages-import-no-page',
      'Pages never import each other; what two of them need is in lib, ui, charts or app. The overview shows the first steps while there is nothing else.',
      { path: `^${web}/pages/([^/]+)/` },
      { path: `^${web}/pages/`, pathNot: [`^${web}/pages/$1/`, `^${web}/pages/start/`] },
    ),
    rule(
      'web-library-is-pure',
      'lib computes: it imports no component and no page.',
      { path: `^${web}/lib/` },
      { path: `^${web}/(app|ui|charts|pages)/` },
    ),
    rule(
      'server-knows-no-page',
      'The server serves the built pages as files.',
      { path: `^${server}/` },
      { path: '^packages/web/' },
    ),
    rule(
      'fault-run-is-a-stranger',
      'The fault run trusts nothing of ours: it starts processes and speaks their protocols.',
      { path: '^test/chaos/' },
      { path: '^packages/' },
    ),
    rule(
      'services-know-no-wiring',
      'Only app.ts and the command line wire.',
      { path: `^${server}/(services|http|observability|config)/`, pathNot: '\\.test\\.ts$' },
      { path: [`^${server}/cli/`, `^${server}/(app|main|open-engines)\\.ts$`] },
    ),
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs'],
    },
  },
};
