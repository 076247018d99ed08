import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeWithProgram, run } from './programs.ts';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../deploy/prometheus/${name}`, import.meta.url));

describeWithProgram('promtool', 'prometheus', () => {
  it.each([
    ['the configuration', ['check', 'config', file('prometheus.yml')]],
    ['the rules', ['check', 'rules', file('rules/recording.yml'), file('rules/alerts.yml')]],
    ['what the rules say of figures that are known', ['test', 'rules', file('rules.test.yml')]],
  ])('finds nothing wrong with %s', (_, words) => {
    const { code, output } = run('promtool', words);
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  });
});
