import { useEffect, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../app/use-theme.ts';
import { formatTick, formatTime, formatValue } from '../lib/format.ts';
import { type Series, stack, type TimeChartProps } from './series.ts';

/** A canvas does not know CSS variables. */
const resolveColour = (variable: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

/** Stacked series are drawn from the top down, each over the part of the one above that it does not add. */
const drawnOrder = (series: readonly Series[], stacked: boolean): readonly Series[] =>
  stacked ? series.toReversed() : series;

function toData({ times, series, stacked = false }: TimeChartProps): uPlot.AlignedData {
  const seconds = times.map((time) => time / 1000);
  const drawn = stacked ? stack(series).toReversed() : series.map(({ values }) => values);
  return [seconds, ...drawn.map((values) => [...values])];
}

export default function UPlotChart(props: TimeChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const theme = useTheme();
  const { kind, stacked = false, unit, step, height, label, zone, series } = props;
  const shape = [
    theme,
    kind,
    stacked,
    unit,
    step,
    height,
    zone,
    props.onBrush !== undefined,
    series.map(({ name, colour, before }) => `${name}${colour}${before}`).join(),
  ].join('|');

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for all that needs another chart
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const chart = new uPlot(options(latest, element.clientWidth), toData(latest.current), element);
    plot.current = chart;
    const observer = new ResizeObserver(() => {
      chart.setSize({ width: element.clientWidth, height: latest.current.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(toData(props));
  }, [props]);

  return <div aria-label={label} ref={place} role="img" style={{ height }} />;
}

type Latest = { readonly current: TimeChartProps };

function options(latest: Latest, width: number): uPlot.Options {
  const { kind, stacked = false, unit, height, zone, series, onBrush } = latest.current;
  const muted = resolveColour('--muted');
  const line = resolveColour('--line');
  const family = getComputedStyle(document.body).fontFamily;
  const font = `11px ${family}`;
  // Many narrow bars blur with gaps between them.
  const bars = uPlot.paths.bars?.({
    size: [latest.current.times.length > 120 ? 1 : 0.85, 48],
    align: 1,
    gap: 0,
  });
  return {
    width,
    height,
    tzDate: (seconds) =>
      zone === 'utc' ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000),
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: !stacked && kind !== 'bars' },
      drag: { x: onBrush !== undefined, y: false, setScale: false },
    },
    scales: {
      x: {
        range: (_, min, max) => [min, kind === 'bars' ? max + latest.current.step / 1000 : max],
      },
      y: { range: (_, min, max) => [Math.min(0, min), max <= 0 ? 1 : max * 1.08] },
    },
    axes: [
      {
        stroke: muted,
        font,
        grid: { show: false },
        ticks: { stroke: line, size: 4 },
        gap: 4,
        size: 28,
        space: 88,
        values: (self, splits) => {
          const { min = 0, max = 0 } = self.scales.x ?? {};
          return splits.map((at) => formatTick(at * 1000, ((max ?? 0) - (min ?? 0)) * 1000, zone));
        },
      },
      {
        stroke: muted,
        font,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        gap: 6,
        size: (self, values) => {
          self.ctx.font = `${11 * devicePixelRatio}px ${family}`;
          const widest = Math.max(0, ...(values ?? []).map((text) => self.ctx.measureText(text).width));
          return Math.ceil(widest / devicePixelRatio) + 14;
        },
        space: 32,
        ...(unit === 'count'
          ? {
              incrs: [
                1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7,
                1e8,
              ],
            }
          : {}),
        values: (_, splits) => splits.map((value) => formatValue(value, unit)),
      },
    ],
    series: [
      {},
      ...drawnOrder(series, stacked).map((each): uPlot.Series => {
        const colour = resolveColour(each.colour);
        const filled = kind !== 'line' && each.before !== true;
        return {
          label: each.name,
          stroke: colour,
          width: kind === 'bars' ? 0 : 1.5,
          points: { show: false },
          spanGaps: false,
          ...(each.before === true ? { dash: [4, 4] } : {}),
          ...(filled ? { fill: stacked || kind === 'bars' ? colour : `${colour}33` } : {}),
          ...(kind === 'bars' && each.before !== true && bars !== undefined ? { paths: bars } : {}),
        };
      }),
    ],
    plugins: [tooltip(latest)],
    hooks: {
      setSelect: [
        (self) => {
          const { left, width: wide } = self.select;
          if (wide < 4) return;
          const { step } = latest.current;
          const from = Math.floor((self.posToVal(left, 'x') * 1000) / step) * step;
          const to = Math.ceil((self.posToVal(left + wide, 'x') * 1000) / step) * step;
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onBrush?.(from, to);
        },
      ],
    },
  };
}

/** The exact values at the time under the pointer. */
function tooltip(latest: Latest): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'chart-tooltip';
  box.hidden = true;
  return {
    hooks: {
      init: [(self) => void self.over.append(box)],
      setCursor: [
        (self) => {
          const { idx, left = -1 } = self.cursor;
          const { times, series, unit, zone } = latest.current;
          const time = idx === null || idx === undefined ? undefined : times[idx];
          box.hidden = time === undefined || left < 0;
          if (time === undefined || idx === null || idx === undefined) return;
          const rows = series
            .map((each) => ({ ...each, value: each.values[idx] ?? null }))
            .filter(({ value }) => value !== null && (value !== 0 || series.length === 1))
            .toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0));
          const head = document.createElement('div');
          head.className = 'quiet';
          head.textContent = formatTime(time, zone);
          box.replaceChildren(
            head,
            ...rows.slice(0, 12).map(({ name, colour, value }) => {
              const row = document.createElement('div');
              row.className = 'chart-tooltip-row';
              const swatch = document.createElement('span');
              swatch.className = 'swatch';
              swatch.style.background = `var(${colour})`;
              const label = document.createElement('span');
              label.textContent = name;
              const figure = document.createElement('b');
              figure.textContent = formatValue(value, unit);
              row.append(swatch, label, figure);
              return row;
            }),
          );
          const rightHalf = left > self.over.clientWidth / 2;
          box.style.left = rightHalf ? '' : `${left + 12}px`;
          box.style.right = rightHalf ? `${self.over.clientWidth - left + 12}px` : '';
        },
      ],
    },
  };
}
