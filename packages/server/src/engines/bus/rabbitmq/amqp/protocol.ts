/* The part of AMQP 0-9-1 that publishing takes: class and method ids as one number, class * 65536 + method. */

export const frameEnd = 0xce;
/** Bytes of a frame around its payload: type, channel, size, end. */
export const frameOverhead = 8;
/** Bytes of a frame at most, as RabbitMQ has it unless configured otherwise; larger ones gain nothing. */
export const largestFrame = 131_072;
export const protocolHeader = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

export const frameType = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;

const id = (classId: number, methodId: number): number => classId * 0x10000 + methodId;

export const method = {
  connectionStart: id(10, 10),
  connectionStartOk: id(10, 11),
  connectionTune: id(10, 30),
  connectionTuneOk: id(10, 31),
  connectionOpen: id(10, 40),
  connectionOpenOk: id(10, 41),
  connectionClose: id(10, 50),
  connectionCloseOk: id(10, 51),
  connectionBlocked: id(10, 60),
  connectionUnblocked: id(10, 61),
  channelOpen: id(20, 10),
  channelOpenOk: id(20, 11),
  channelClose: id(20, 40),
  basicPublish: id(60, 40),
  basicReturn: id(60, 50),
  basicAck: id(60, 80),
  basicNack: id(60, 120),
  confirmSelect: id(85, 10),
  confirmSelectOk: id(85, 11),
} as const;

/** Which properties a content header carries, in the order in which they follow. */
export const property = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  messageId: 0x0080,
} as const;

export const persistent = 2;
