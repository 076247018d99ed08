import Type from 'typebox';

export const SilenceMatcher = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 128,
      description:
        'A label: `rule`, `rule_id`, `level`, `tag:<tag of the rule>` (value `true`), or a tag of the group.',
    }),
    value: Type.String({ maxLength: 256 }),
    equal: Type.Optional(
      Type.Boolean({ default: true, description: 'false: the label must not have the value.' }),
    ),
  },
  { additionalProperties: false, $id: 'SilenceMatcher' },
);
export type SilenceMatcher = Type.Static<typeof SilenceMatcher>;

const Comment = Type.String({ maxLength: 1000, description: 'Why.' });

export const SilenceInput = Type.Object(
  {
    matchers: Type.Array(SilenceMatcher, { minItems: 1, maxItems: 20, description: 'All must fit.' }),
    starts_at: Type.Optional(Type.String({ format: 'date-time', description: 'Now unless given.' })),
    ends_at: Type.String({ format: 'date-time', description: 'After its start.' }),
    comment: Type.Optional(Comment),
  },
  { additionalProperties: false, $id: 'SilenceInput' },
);
export type SilenceInput = Type.Static<typeof SilenceInput>;

export const Silence = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    matchers: Type.Array(SilenceMatcher),
    starts_at: Type.String({ format: 'date-time' }),
    ends_at: Type.String({ format: 'date-time' }),
    comment: Comment,
    created_by: Type.String({ description: 'Who made it.' }),
    created_at: Type.String({ format: 'date-time' }),
    state: Type.Enum(['pending', 'active', 'expired']),
  },
  { $id: 'Silence', description: 'Quiet for alerts that fit, from its start to its end.' },
);
export type Silence = Type.Static<typeof Silence>;
