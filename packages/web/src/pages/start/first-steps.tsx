import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { client } from '../../app/session.ts';
import { formatTime } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Segments } from '../../ui/segments.tsx';
import { describeError } from '../../ui/states.tsx';
import { type Language, languages, snippet } from './snippets.ts';
import './first-steps.css';

const keyName = 'first steps';

/** From nothing to the first event: a key, something to paste, and the news when it has arrived. */
export default function FirstSteps() {
  const [language, setLanguage] = useState<Language>('curl');
  const made = useMutation({
    mutationFn: () => client.apiKeys.create({ name: keyName, scopes: ['ingest'] }),
  });
  const text = snippet(language, location.origin, made.data?.key ?? null);
  return (
    <ol className="steps">
      <li className="panel step">
        <h2>Make a key</h2>
        <p className="quiet">
          Programs send events with it. It may do nothing else, so a web page may carry it too.
        </p>
        {made.data === undefined ? (
          <Button disabled={made.isPending} kind="primary" onClick={() => made.mutate()}>
            {made.isPending ? 'Making a key…' : 'Make an ingest key'}
          </Button>
        ) : (
          <div className="step-key">
            <code>{made.data.key}</code>
            <CopyButton text={made.data.key} />
            <p className="small quiet">It is shown this once. Settings has all keys, to revoke them.</p>
          </div>
        )}
        {made.isError ? (
          <p className="error-text" role="alert">
            {describeError(made.error)}
          </p>
        ) : null}
      </li>
      <li className="panel step">
        <h2>Send an event</h2>
        <div className="step-languages">
          <Segments label="Language" onChange={setLanguage} options={languages} value={language} />
          <CopyButton text={text} />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
        <pre className="code" tabIndex={0}>
          {text}
        </pre>
        {made.data === undefined ? (
          <p className="small quiet">With a key from above it is ready to paste.</p>
        ) : null}
      </li>
      <li className="panel step">
        <h2>See it arrive</h2>
        <Arrival />
      </li>
    </ol>
  );
}

function Arrival() {
  const queries = useQueryClient();
  const { data: first, error } = useQuery({
    queryKey: ['first event'],
    queryFn: async ({ signal }) => (await client.events.list({ limit: 1 }, { signal })).data[0] ?? null,
    refetchInterval: ({ state }) => (state.data ? false : 1500),
    retry: false,
  });
  return (
    <div aria-live="polite">
      {error !== null ? (
        <p className="error-text">{describeError(error)}</p>
      ) : first === null || first === undefined ? (
        <p className="status">
          <span className="dot live-dot" data-state="warn" /> Waiting for the first event…
        </p>
      ) : (
        <div className="arrived">
          <p className="status">
            <span className="dot" data-state="good" />
            <span>
              <b>It is here.</b> <code>{first.type}</code> from <code>{first.source}</code>,{' '}
              {formatTime(first.timestamp, 'local')}
            </span>
          </p>
          <Link
            className="button"
            data-kind="primary"
            onClick={() => queries.setQueryData(['any event'], true)}
            to="/"
          >
            Go to the overview
          </Link>
        </div>
      )}
    </div>
  );
}
