import { BlockList, isIP } from 'node:net';

/** Which addresses channels may reach. */
export interface AddressPolicy {
  allows(address: string): boolean;
}

/** Addresses that are not the public internet: this machine, private networks, links, documentation, multicast. */
const notPublic4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Those that carry an IPv4 address within (mapped, NAT64, 6to4, Teredo) among them. */
const notPublic6 = [
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

export function createAddressPolicy(options: {
  readonly allowPrivate: boolean;
  /** Networks that are allowed all the same, `10.1.0.0/16`. */
  readonly allowedNetworks: readonly string[];
}): AddressPolicy {
  const refused = families([...notPublic4, ...notPublic6]);
  const allowed = families(options.allowedNetworks);
  return {
    allows(address) {
      // The zone of a link-local address is no part of it.
      const [ip = ''] = address.split('%');
      const family = isIP(ip);
      if (family === 0) return false;
      return options.allowPrivate || contains(allowed, ip, family) || !contains(refused, ip, family);
    },
  };
}

/** One list a family: in a common one, IPv4 addresses would be found by rules about mapped ones. */
interface Families {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

function families(networks: readonly string[]): Families {
  const lists: Families = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) {
    const [ip = '', bits = ''] = network.split('/');
    const family = isIP(ip) === 4 ? 'ipv4' : 'ipv6';
    lists[family].addSubnet(ip, Number(bits), family);
  }
  return lists;
}

function contains(lists: Families, ip: string, family: number): boolean {
  const name = family === 4 ? 'ipv4' : 'ipv6';
  return lists[name].check(ip, name);
}
