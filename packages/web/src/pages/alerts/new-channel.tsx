import type { ChannelInput, ChannelType } from '@streamflow/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../../app/session.ts';
import { Field, Select } from '../../ui/field.tsx';
import { FormEnd } from '../../ui/form-end.tsx';
import { channelsKey } from './channel-list.ts';

const types: readonly { readonly value: ChannelType; readonly label: string }[] = [
  { value: 'webhook', label: 'Webhook' },
  { value: 'slack', label: 'Slack' },
  { value: 'email', label: 'E-mail' },
  { value: 'sms', label: 'SMS' },
];
const targets: Readonly<Record<ChannelType, { readonly label: string; readonly placeholder: string }>> = {
  webhook: { label: 'Address', placeholder: 'https://…' },
  slack: { label: 'Incoming webhook of Slack', placeholder: 'https://hooks.slack.com/services/…' },
  email: { label: 'Addresses, with commas between them', placeholder: 'oncall@example.com' },
  sms: { label: 'Numbers with their country, with commas between them', placeholder: '+12025550123' },
};

const listed = (text: string): string[] => text.split(/[\s,;]+/).filter((each) => each !== '');

function channelInput(type: ChannelType, name: string, target: string, secret: string): ChannelInput {
  switch (type) {
    case 'webhook':
      return { type, name, config: { url: target.trim(), ...(secret === '' ? {} : { secret }) } };
    case 'slack':
      return { type, name, config: { webhook_url: target.trim() } };
    case 'email':
    case 'sms':
      return { type, name, config: { to: listed(target) } };
  }
}

export function NewChannel({ onDone }: { readonly onDone: () => void }) {
  const queries = useQueryClient();
  const [type, setType] = useState<ChannelType>('webhook');
  const [name, setName] = useState('');
  const [target, setTarget] = useState('');
  const [secret, setSecret] = useState('');
  const add = useMutation({
    mutationFn: () => client.channels.create(channelInput(type, name, target, secret)),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [channelsKey] });
      onDone();
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Select label="Kind" onChange={setType} options={types} value={type} />
      <Field label="Name: lower-case letters, digits, - and _">
        <input
          autoComplete="off"
          className="input"
          maxLength={64}
          onChange={(event) => setName(event.target.value)}
          pattern="[a-z0-9][a-z0-9_\-]*"
          placeholder="oncall"
          required
          spellCheck={false}
          value={name}
        />
      </Field>
      <Field label={targets[type].label}>
        <input
          autoComplete="off"
          className="input"
          onChange={(event) => setTarget(event.target.value)}
          placeholder={targets[type].placeholder}
          required
          spellCheck={false}
          value={target}
        />
      </Field>
      {type === 'webhook' ? (
        <Field label="Secret that signs requests, if any">
          <input
            autoComplete="off"
            className="input"
            maxLength={256}
            minLength={8}
            onChange={(event) => setSecret(event.target.value)}
            spellCheck={false}
            type="password"
            value={secret}
          />
        </Field>
      ) : null}
      <FormEnd error={add.error} isPending={add.isPending} onCancel={onDone} submit="Add" />
    </form>
  );
}
