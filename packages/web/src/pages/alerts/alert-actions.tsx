import type { AlertDetail } from '@streamflow/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { alertsKey } from '../../app/open-alerts.ts';
import { client } from '../../app/session.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { describeError } from '../../ui/states.tsx';
import { silenceLengths, silencesKey } from './silence-lengths.ts';

type Action = 'acknowledge' | 'resolve' | 'silence';

/** What a person can do about an alert that is open, with a word on why. */
export function AlertActions({ alert }: { readonly alert: AlertDetail }) {
  const queries = useQueryClient();
  const [comment, setComment] = useState('');
  const [minutes, setMinutes] = useState<string>('60');
  const said = comment.trim() === '' ? undefined : comment.trim();
  const act = useMutation({
    mutationFn: async (action: Action): Promise<void> => {
      if (action === 'acknowledge') await client.alerts.acknowledge(alert.id, said);
      else if (action === 'resolve') await client.alerts.resolve(alert.id, said);
      else
        await client.alerts.silence(alert.id, {
          minutes: Number(minutes),
          ...(said === undefined ? {} : { comment: said }),
        });
    },
    onSuccess: async () => {
      setComment('');
      await Promise.all([
        queries.invalidateQueries({ queryKey: [alertsKey] }),
        queries.invalidateQueries({ queryKey: [silencesKey] }),
      ]);
    },
  });
  return (
    <form
      className="form alert-actions"
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate(alert.status === 'firing' ? 'acknowledge' : 'resolve');
      }}
    >
      <Field label="Comment, kept in the timeline">
        <input
          className="input"
          maxLength={1000}
          onChange={(event) => setComment(event.target.value)}
          value={comment}
        />
      </Field>
      <div className="alert-buttons">
        {alert.status === 'firing' ? (
          <Button disabled={act.isPending} kind="primary" type="submit">
            Acknowledge
          </Button>
        ) : null}
        <Button disabled={act.isPending} onClick={() => act.mutate('resolve')}>
          Resolve
        </Button>
        <span className="grow" />
        <Select label="Silence for" onChange={setMinutes} options={silenceLengths} value={minutes} />
        <Button disabled={act.isPending} onClick={() => act.mutate('silence')}>
          Silence
        </Button>
      </div>
      {act.error === null ? null : (
        <p className="error-text" role="alert">
          {describeError(act.error)}
        </p>
      )}
    </form>
  );
}
