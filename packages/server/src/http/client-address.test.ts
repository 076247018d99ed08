import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { addressKey, createClientAddress } from './client-address.ts';

function from(remoteAddress: string, forwarded?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const message = new IncomingMessage(socket);
  if (forwarded !== undefined) message.headers['x-forwarded-for'] = forwarded;
  return message;
}

describe('createClientAddress', () => {
  it('believes nobody unless told', () => {
    const address = createClientAddress([]);
    expect(address(from('10.0.0.1', '203.0.113.7'))).toBe('10.0.0.1');
    expect(address(from('::ffff:10.0.0.1'))).toBe('10.0.0.1');
  });

  it('believes trusted proxies, from the right', () => {
    const address = createClientAddress(['10.0.0.0/8', '2001:db8::1']);
    expect(address(from('10.0.0.1', '203.0.113.7'))).toBe('203.0.113.7');
    expect(address(from('10.0.0.1', '198.51.100.1, 203.0.113.7, 10.0.0.9'))).toBe('203.0.113.7');
    expect(address(from('2001:db8::1', '203.0.113.7'))).toBe('203.0.113.7');
    expect(address(from('203.0.113.9', '198.51.100.1'))).toBe('203.0.113.9');
  });

  it('stops at what no proxy writes', () => {
    const address = createClientAddress(['10.0.0.0/8']);
    expect(address(from('10.0.0.1', '203.0.113.7, unknown'))).toBe('10.0.0.1');
    expect(address(from('10.0.0.1', ''))).toBe('10.0.0.1');
  });
});

describe('addressKey', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
