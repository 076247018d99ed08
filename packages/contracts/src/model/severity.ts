import Type from 'typebox';

/** How much an event matters, from least to most. */
export const severities = ['low', 'medium', 'high', 'critical'] as const;

export const Severity = Type.Enum([...severities], {
  description: 'How much the event matters; medium unless given.',
});
export type Severity = Type.Static<typeof Severity>;
