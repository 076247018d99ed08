/** Where a broker is and as whom to connect, from `amqp://user:password@host:port/vhost`. */
export interface BrokerAddress {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
}

export function parseBrokerAddress(url: string): BrokerAddress {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const tls = protocol === 'amqps:';
  return {
    tls,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (tls ? 5671 : 5672) : Number(port),
    user: username === '' ? 'guest' : decodeURIComponent(username),
    password: username === '' ? 'guest' : decodeURIComponent(password),
    vhost: pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : '/',
  };
}
