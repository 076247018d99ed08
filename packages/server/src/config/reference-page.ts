import { Secret } from './secret.ts';
import { listSettings } from './setting-list.ts';

/** docs/reference/configuration.md: every setting, from the schema. */
export function configurationPage(): string {
  const settings = listSettings();
  const sections = new Map<string, string[]>();
  for (const { key, setting } of settings) {
    const [section = ''] = key.split('.');
    const rows = sections.get(section) ?? [];
    sections.set(section, rows);
    const notes = [
      setting.description,
      `Must be ${setting.expected}${setting.unit === null ? '' : `; ${setting.unit}`}.`,
      ...(setting.needs === null ? [] : [`Has no effect without \`${setting.needs}\`.`]),
      ...(setting.remark === null ? [] : [`Setting it is answered by a warning: ${setting.remark}.`]),
      ...(setting.isSecret ? ['Never shown.'] : []),
    ];
    rows.push(
      `| \`${key}\` | \`${setting.env}\` | ${shown(setting.defaultValue)} | ${cell(notes.join(' '))} |`,
    );
  }
  const tables = [...sections].map(
    ([section, rows]) =>
      `## ${section}\n\n| Key in config.yaml | Environment variable | Default | What it does |\n|---|---|---|---|\n${rows.join('\n')}\n`,
  );
  return `# Configuration

<!-- Made by \`npm run generate\` from packages/server/src/config/schema.ts; changes here are overwritten. -->

A setting is looked for in the flags of the command, then in the environment, then in \`config.yaml\` (the file that
\`--config\` or \`STREAMFLOW_CONFIG\` names, or the one in the working directory), and has its default otherwise. An empty
environment variable counts as not set. \`streamflow config check\` says everything that is wrong with a configuration at
once; \`streamflow config show\` prints what holds and where it comes from.

Without \`RABBITMQ_URL\`, \`DATABASE_URL\`, \`CLICKHOUSE_URL\` and \`REDIS_URL\`, everything runs on the engines that are built in.

${tables.join('\n')}`;
}

function shown(value: unknown): string {
  if (value === null || value instanceof Secret) return '–';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(', ')}\``;
  if (typeof value === 'object' && Object.keys(value).length === 0) return 'none';
  return value === '' ? 'empty' : `\`${String(value)}\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
