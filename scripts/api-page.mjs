/** docs/reference/api.md: every route, socket and schema, from the OpenAPI documents by service. */
export function apiPage(documents) {
  const services = Object.entries(documents);
  const shared = operationsOf(services[0][1]).filter(({ method, path }) =>
    services.every(([, { paths }]) => paths[path]?.[method] !== undefined),
  );
  const isShared = ({ method, path }) => shared.some((one) => one.method === method && one.path === path);
  const sections = services.map(([service, document]) => {
    const own = operationsOf(document).filter((operation) => !isShared(operation));
    const port = document.servers.map(({ url }) => url).find((url) => url.includes('localhost'));
    return `## ${capitalised(service)}\n\nBase URL: \`${port}\`\n\n${operationList(own)}`;
  });
  const schemas = new Map(services.flatMap(([, { components }]) => Object.entries(components.schemas)));
  return `# API

<!-- Made by \`npm run generate\` from the contracts by way of the OpenAPI documents; changes here are overwritten. -->

Every route and socket, service by service. The OpenAPI 3.1 documents that this page is made of are beside it
(${services.map(([service]) => `[${service}](openapi/${service}.json)`).join(', ')}); a running service has its own under
\`/openapi.json\`, and a page to try it under \`/docs\`.

Credentials are a JWT or an API key in \`Authorization: Bearer\`, or an API key in \`X-API-Key\`. Bodies and answers are JSON
unless said otherwise. What is refused has the form of [errors](errors.md); who may do what is in
[permissions](permissions.md). A browser reaches the other services through the dashboard, under \`/api/<service>\`.

${sections.join('\n')}
## Every service

These are answered by each of the five.

${operationList(shared)}
## Schemas

${[...schemas]
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, schema]) => schemaSection(name, schema))
  .join('\n')}`;
}

const operationsOf = ({ paths }) =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );

const operationList = (operations) => operations.map(operationSection).join('\n');

function operationSection({ path, method, operation }) {
  const socket = operation['x-websocket'];
  const parts = [`### ${socket === undefined ? method.toUpperCase() : 'WebSocket'} ${path}`];
  parts.push([sentence(operation.summary), operation.description ?? ''].join(' ').trim());
  const permission = operation['x-permission'];
  parts.push(
    permission === undefined
      ? 'No credentials.'
      : permission === 'any'
        ? 'Any credentials.'
        : `Permission: \`${permission}\`.`,
  );
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: place, required, description, schema }) => [
      code(name),
      place,
      `${typeOf(schema)}${required ? ', required' : ''}`,
      [description, limitsOf(schema)].filter(Boolean).join(' '),
    ],
  );
  if (parameters.length > 0) parts.push(table(['Parameter', 'In', 'Type', 'Description'], parameters));
  if (operation.requestBody !== undefined) parts.push(`Body: ${contentOf(operation.requestBody.content)}`);
  if (socket === undefined)
    for (const [status, { description, content }] of Object.entries(operation.responses))
      if (Number(status) < 400)
        parts.push(
          `Answer ${status}: ${[description, capitalised(contentOf(content))].filter(Boolean).join(' ')}`,
        );
  if (socket !== undefined)
    parts.push(
      `Frames of the client: ${typeOf(socket.client)}. Frames of the server: ${typeOf(socket.server)}.`,
    );
  return `${parts.join('\n\n')}\n`;
}

function contentOf(content) {
  const types = Object.keys(content ?? {});
  const schema = content?.[types[0]]?.schema;
  const named = types.join() === 'application/json' ? '' : ` (${types.map(code).join(', ')})`;
  if (schema === undefined) return named.trim();
  if (schema.properties === undefined) return `${typeOf(schema)}${named}`;
  return `an object${named}:\n\n${propertyTable(schema)}`;
}

function schemaSection(name, schema) {
  const parts = [`### ${name}`];
  if (schema.description !== undefined) parts.push(schema.description);
  parts.push(schema.properties === undefined ? sentence(capitalised(typeOf(schema))) : propertyTable(schema));
  return `${parts.join('\n\n')}\n`;
}

const propertyTable = (schema) => table(['Field', 'Type', 'Description'], propertyRows(schema, ''));

/** Objects that have no name of their own are told in the table of the one that they are in. */
function propertyRows({ properties, required = [] }, prefix) {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${prefix}${name}`;
    const optional = required.includes(name) ? '' : ', optional';
    const row = [
      code(path),
      `${typeOf(schema)}${optional}`,
      [schema.description, limitsOf(schema)].filter(Boolean).join(' '),
    ];
    if (schema.properties !== undefined) return [row, ...propertyRows(schema, `${path}.`)];
    if (schema.items?.properties !== undefined) return [row, ...propertyRows(schema.items, `${path}[].`)];
    return [row];
  });
}

function typeOf(schema) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return alternatives.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`;
  if (schema.type === 'object' || schema.properties !== undefined) return 'object';
  if (schema.type === undefined) return 'any value';
  return schema.format === undefined ? schema.type : `${schema.type} (${schema.format})`;
}

function limitsOf(schema) {
  const limits = [];
  const add = (key, text) => schema[key] !== undefined && limits.push(`${text} ${schema[key]}`);
  add('minimum', 'at least');
  add('maximum', 'at most');
  if (schema.minLength > 1) limits.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) limits.push(`at most ${schema.maxLength} characters`);
  if (schema.maxItems !== undefined) limits.push(`at most ${schema.maxItems} of them`);
  if (['string', 'number', 'boolean'].includes(typeof schema.default))
    limits.push(`${code(String(schema.default))} unless given`);
  return limits.length === 0 ? '' : sentence(capitalised(limits.join(', ')));
}

const code = (text) => `\`${text}\``;
const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);
const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
