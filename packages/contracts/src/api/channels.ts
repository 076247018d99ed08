import Type from 'typebox';
import { ChannelType } from '../model/alert-rule.ts';
import { Channel, ChannelChange, ChannelInput } from '../model/channel.ts';
import { defineRoute, Envelope, Page } from './route.ts';
import { IfMatchHeaders, RecordListQuery } from './users.ts';

const tag = 'Alerting';

export const ChannelParams = Type.Object({
  id: Type.String({ format: 'uuid', description: 'Id of the channel.' }),
});
export type ChannelParams = Type.Static<typeof ChannelParams>;

export const ListChannelsQuery = Type.Object(
  { ...RecordListQuery.properties, type: Type.Optional(ChannelType) },
  { additionalProperties: false },
);
export type ListChannelsQuery = Type.Static<typeof ListChannelsQuery>;

export const ChannelTest = Type.Object(
  {
    delivered: Type.Boolean(),
    error: Type.Union([Type.String(), Type.Null()], { description: 'Why it was not.' }),
    duration_ms: Type.Integer({ minimum: 0 }),
  },
  { $id: 'ChannelTest' },
);
export type ChannelTest = Type.Static<typeof ChannelTest>;

const channel = (description: string) => ({ 200: { description, schema: Envelope(Channel) } });

export const listChannels = defineRoute({
  method: 'GET',
  path: '/channels',
  operationId: 'listChannels',
  summary: 'List channels',
  description: 'Newest first.',
  tag,
  permission: 'alerts:read',
  query: ListChannelsQuery,
  responses: { 200: { description: 'Channels.', schema: Page(Channel) } },
});

export const createChannel = defineRoute({
  method: 'POST',
  path: '/channels',
  operationId: 'createChannel',
  summary: 'Create a channel',
  description: '409 when there is one of this type and name.',
  tag,
  permission: 'alerts:write',
  body: ChannelInput,
  responses: { 201: { description: 'The channel.', schema: Envelope(Channel) } },
});

export const getChannel = defineRoute({
  method: 'GET',
  path: '/channels/:id',
  operationId: 'getChannel',
  summary: 'Get a channel',
  tag,
  permission: 'alerts:read',
  params: ChannelParams,
  responses: channel('The channel.'),
});

export const updateChannel = defineRoute({
  method: 'PATCH',
  path: '/channels/:id',
  operationId: 'updateChannel',
  summary: 'Change a channel',
  tag,
  permission: 'alerts:write',
  params: ChannelParams,
  headers: IfMatchHeaders,
  body: ChannelChange,
  responses: channel('The channel.'),
});

export const deleteChannel = defineRoute({
  method: 'DELETE',
  path: '/channels/:id',
  operationId: 'deleteChannel',
  summary: 'Delete a channel',
  description: 'What waits to be sent to it is given up.',
  tag,
  permission: 'alerts:write',
  params: ChannelParams,
  headers: IfMatchHeaders,
  responses: channel('The channel as it was.'),
});

export const testChannel = defineRoute({
  method: 'POST',
  path: '/channels/:id/test',
  operationId: 'testChannel',
  summary: 'Send a test message to a channel',
  description: 'One try, answered when it is over.',
  tag,
  permission: 'alerts:write',
  params: ChannelParams,
  responses: { 200: { description: 'What came of it.', schema: Envelope(ChannelTest) } },
});

export const channelRoutes = [
  listChannels,
  createChannel,
  getChannel,
  updateChannel,
  deleteChannel,
  testChannel,
] as const;
