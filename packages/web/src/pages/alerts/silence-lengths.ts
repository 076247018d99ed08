export const silencesKey = 'silences';

/** For how long people silence things, in minutes. */
export const silenceLengths: readonly { readonly value: string; readonly label: string }[] = [
  { value: '15', label: '15 minutes' },
  { value: '60', label: '1 hour' },
  { value: '240', label: '4 hours' },
  { value: '1440', label: '1 day' },
  { value: '10080', label: '1 week' },
];
