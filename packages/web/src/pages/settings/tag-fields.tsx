import { Button, IconButton } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';

/** A tag of a metric as it is typed. */
export interface TagDraft {
  /** For React alone: names change while they are typed. */
  readonly key: number;
  readonly name: string;
  readonly expression: string;
}

const most = 4;

export const tagDrafts = (groupBy: Readonly<Record<string, string>>): readonly TagDraft[] =>
  Object.entries(groupBy).map(([name, expression], key) => ({ key, name, expression }));

/** Those that are filled in at all; what is half filled in is for the server to refuse by name. */
export const groupByOf = (tags: readonly TagDraft[]): Record<string, string> =>
  Object.fromEntries(
    tags
      .map(({ name, expression }) => [name.trim(), expression.trim()] as const)
      .filter(([name, expression]) => name !== '' || expression !== ''),
  );

export function TagFields({
  tags,
  onChange,
}: {
  readonly tags: readonly TagDraft[];
  readonly onChange: (tags: readonly TagDraft[]) => void;
}) {
  const set = (key: number, change: Partial<TagDraft>): void =>
    onChange(tags.map((tag) => (tag.key === key ? { ...tag, ...change } : tag)));
  return (
    <fieldset className="tags">
      <legend>Tags, for reading it in parts; at most {most}</legend>
      {tags.map(({ key, name, expression }, at) => (
        <div className="tag-row" key={key}>
          <input
            aria-label={`Name of tag ${at + 1}`}
            autoComplete="off"
            className="input"
            onChange={(event) => set(key, { name: event.target.value })}
            placeholder="country"
            required
            spellCheck={false}
            value={name}
          />
          <input
            aria-label={`Value of tag ${at + 1}, in CEL`}
            autoComplete="off"
            className="input mono"
            onChange={(event) => set(key, { expression: event.target.value })}
            placeholder="event.data.country"
            required
            spellCheck={false}
            value={expression}
          />
          <IconButton
            icon="close"
            label={`Remove tag ${at + 1}`}
            onClick={() => onChange(tags.filter((tag) => tag.key !== key))}
          />
        </div>
      ))}
      {tags.length < most ? (
        <Button
          onClick={() =>
            onChange([
              ...tags,
              { key: 1 + Math.max(-1, ...tags.map(({ key }) => key)), name: '', expression: '' },
            ])
          }
          size="small"
        >
          <Icon name="plus" size={14} /> Add a tag
        </Button>
      ) : null}
    </fieldset>
  );
}
