import Type from 'typebox';
import { Silence, SilenceInput } from '../model/silence.ts';
import { defineRoute, Envelope, Page } from './route.ts';
import { RecordListQuery } from './users.ts';

const tag = 'Alerting';

export const SilenceParams = Type.Object({
  id: Type.String({ format: 'uuid', description: 'Id of the silence.' }),
});
export type SilenceParams = Type.Static<typeof SilenceParams>;

export const listSilences = defineRoute({
  method: 'GET',
  path: '/silences',
  operationId: 'listSilences',
  summary: 'List silences',
  description: 'Newest first, expired ones included.',
  tag,
  permission: 'alerts:read',
  query: RecordListQuery,
  responses: { 200: { description: 'Silences.', schema: Page(Silence) } },
});

export const createSilence = defineRoute({
  method: 'POST',
  path: '/silences',
  operationId: 'createSilence',
  summary: 'Create a silence',
  description: 'Alerts that fit still fire, and are told when the silence is over and they still do.',
  tag,
  permission: 'alerts:write',
  body: SilenceInput,
  responses: { 201: { description: 'The silence.', schema: Envelope(Silence) } },
});

export const getSilence = defineRoute({
  method: 'GET',
  path: '/silences/:id',
  operationId: 'getSilence',
  summary: 'Get a silence',
  tag,
  permission: 'alerts:read',
  params: SilenceParams,
  responses: { 200: { description: 'The silence.', schema: Envelope(Silence) } },
});

export const expireSilence = defineRoute({
  method: 'DELETE',
  path: '/silences/:id',
  operationId: 'expireSilence',
  summary: 'End a silence now',
  description: 'It stays in the list. Ending again changes nothing.',
  tag,
  permission: 'alerts:write',
  params: SilenceParams,
  responses: { 200: { description: 'The silence as it is now.', schema: Envelope(Silence) } },
});

export const silenceRoutes = [listSilences, createSilence, getSilence, expireSilence] as const;
