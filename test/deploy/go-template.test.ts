import { parse as renderByGo } from '@evertdespiegeleer/go-template';
import { describe, expect, it } from 'vitest';
import { executeTemplate } from '../../scripts/helm/execute-template.mjs';
import { chartFunctions } from '../../scripts/helm/functions.mjs';
import { parseTemplate } from '../../scripts/helm/parse-template.mjs';

/* Our small renderer of charts against Go's own text/template, compiled to WebAssembly, in what both have. */

const data = {
  name: 'streamflow',
  empty: '',
  zero: 0,
  three: 3,
  yes: true,
  list: ['a', 'b', 'c'],
  nothing: [],
  map: { b: { port: 2 }, a: { port: 1 }, c: { port: 3 } },
};

function renderByUs(text: string): string {
  const { nodes, defined } = parseTemplate(text, new Set(Object.keys(chartFunctions)));
  return executeTemplate(nodes, data, { defined, functions: chartFunctions });
}

describe('the renderer of charts', () => {
  it.each([
    'plain',
    'Hello {{ .name }}!',
    'a {{- .name -}} b',
    'a\n  {{- /* said only\n here */ -}}\n b {{ 3 }}',
    '{{ if .yes }}yes{{ else }}no{{ end }}{{ if .zero }}yes{{ else }}no{{ end }}',
    '{{ if .empty }}1{{ else if .nothing }}2{{ else if .list }}3{{ else }}4{{ end }}',
    '{{ range .list }}[{{ . }}]{{ end }}{{ range .nothing }}x{{ else }}none{{ end }}',
    '{{ range $i, $x := .list }}{{ $i }}={{ $x }};{{ end }}{{ range $x := .list }}{{ $x }}{{ end }}',
    '{{ range $key, $value := .map }}{{ $key }}:{{ $value.port }} {{ end }}',
    '{{ with .map.a }}{{ .port }}{{ $.name }}{{ end }}{{ with .empty }}x{{ else }}y{{ end }}',
    '{{ $x := 1 }}{{ if .yes }}{{ $x = 2 }}{{ $y := 7 }}{{ $y }}{{ end }}{{ $x }}',
    '{{ $x := .map }}{{ $x.b.port }}{{ (index $x "c").port }}{{ index .list 1 }}',
    '{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .name }}{{ template "t" "x" }}',
    '{{ define "root" }}{{ $.name }}{{ end }}{{ range .list }}{{ template "root" $ }}{{ end }}',
    '{{ printf "%s-%s" .name "x" }}{{ .name | printf "%s/%s" "y" }}{{ printf "%d%%" 3 }}',
    '{{ eq .name "streamflow" }}{{ ne .name "x" }}{{ not .yes }}{{ and .yes .name }}{{ or .empty .name }}',
    '{{ if and .yes (not .empty) (eq .name "a" "streamflow") }}in{{ end }}',
    '{{ "a\\"b\\n" }}{{ `raw "x"` }}{{ true }}{{ 1 }}',
  ])('gives what Go gives for %j', async (text) => {
    expect(renderByUs(text)).toBe(await renderByGo(text, data));
  });

  it.each([
    '{{ .name ',
    '{{ if .yes }}',
    '{{ end }}',
    '{{ else }}',
    '{{ if }}x{{ end }}',
    '{{ range .list }}{{ end }}{{ end }}',
    '{{ unknown .name }}',
    '{{ (eq .name "x" }}',
    '{{ "not closed }}',
    '{{ $unknown }}',
    '{{ .name.deeper }}',
    '{{ .missing.deeper }}',
    '{{ template "missing" }}',
    '{{ .name .empty }}',
    '{{ if .yes }}{{ else }}{{ else }}{{ end }}',
    '{{ define "a" }}',
    '{{ printf }}',
    '{{ eq .name 3 }}',
    '{{ range .three.x }}{{ end }}',
    '{{ .name | .name }}',
    '{{ .na-me }}',
  ])('refuses %j, as Go does', async (text) => {
    await expect(renderByGo(text, data)).rejects.toThrow();
    expect(() => renderByUs(text)).toThrow();
  });

  it('is stricter than Go: what is not there is not printed, nor is a map', () => {
    expect(() => renderByUs('{{ .missing }}')).toThrow('not there');
    expect(() => renderByUs('{{ .map }}')).toThrow('map');
  });
});
