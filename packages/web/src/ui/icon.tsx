const paths = {
  overview: 'M3 13h4l3-8 4 14 3-6h4',
  events: 'M4 6h16M4 12h16M4 18h10',
  explore: 'M4 20V10M10 20V4M16 20v-7M22 20H2',
  pipeline: 'M3 6h6v5H3zM15 13h6v5h-6zM9 8.500h4v7h2',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  start: 'M5 4l14 8-14 8z',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  check: 'M4 12l5 5L20 6',
  filter: 'M4 5h16l-6 8v6l-4-2v-4z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  moon: 'M20 14A8 8 0 1 1 10 4a7 7 0 0 0 10 10z',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c1-5 4-7 8-7s7 2 8 7',
  play: 'M7 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  plus: 'M12 5v14M5 12h14',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2',
  replay: 'M4 12a8 8 0 1 0 3-6M4 4v4h4',
  guide: 'M5 4h12l2 2v14H7l-2-2zM5 18l2-2h12M9 8h6M9 12h6',
  alerts: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4',
} as const;
export type IconName = keyof typeof paths;

/** Says nothing by itself: what it stands for is written beside it or in a label. */
export const Icon = ({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) => (
  <svg
    aria-hidden="true"
    fill="none"
    height={size}
    stroke="currentColor"
    strokeLinecap="round"
    strokeLinejoin="round"
    strokeWidth={1.7}
    viewBox="0 0 24 24"
    width={size}
  >
    <path d={paths[name]} />
  </svg>
);
