import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { anonymizedIpAddress, fullIpAddress } from '../../src/devices/ip-address.js';

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6();
const octets = fc.tuple(...Array.from({ length: 4 }, () => fc.nat(255)));

describe('the IP address of a device', () => {
  it.each([
    ['203.0.113.77', '203.0.113.77', '203.0.113.0'],
    ['255.255.255.255', '255.255.255.255', '255.255.255.0'],
    ['::ffff:203.0.113.77', '203.0.113.77', '203.0.113.0'],
    ['::FFFF:cb00:714d', '203.0.113.77', '203.0.113.0'],
    ['0:0:0:0:0:ffff:203.0.113.77', '203.0.113.77', '203.0.113.0'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:db8::7', '2001:db8::7', '2001:db8::'],
    ['2001:0:1::', '2001:0:1::', '2001:0:1::'],
    ['::1', '::1', '::'],
    ['::', '::', '::'],
    ['fe80::1%eth0', 'fe80::1', 'fe80::'],
    ['fe80::1%../../etc', 'fe80::1', 'fe80::'],
    ['203.0.113.77:4711', '203.0.113.77', '203.0.113.0'],
    ['[2001:DB8::7]:4711', '2001:db8::7', '2001:db8::'],
    ['[2001:db8::7]', '2001:db8::7', '2001:db8::'],
    ['[::ffff:203.0.113.77]:1', '203.0.113.77', '203.0.113.0'],
    ['[fe80::1%eth0]:1', 'fe80::1', 'fe80::'],
    // The IPv4 address 203.0.113.77 inside: 6to4, NAT64, IPv4-compatible.
    ['2002:cb00:714d::1', '2002:cb00:714d::1', '2002:cb00:7100::'],
    ['64:ff9b::203.0.113.77', '64:ff9b::cb00:714d', '64:ff9b::'],
    ['::203.0.113.77', '::cb00:714d', '::'],
  ])('%s is stored as %s, or anonymized as %s', (given, full, anonymized) => {
    expect([fullIpAddress(given), anonymizedIpAddress(given)]).toEqual([full, anonymized]);
  });

  it.each([
    undefined,
    null,
    '',
    'unknown',
    '203.0.113',
    '203.0.113.256',
    '203.0.113.77, 10.0.0.1',
    '203.0.113.77:',
    '203.0.113.77:x',
    '203.0.113:4711',
    '[203.0.113.77',
    '[]:1',
    '[x]',
    '<b>',
    '\u001b[2J',
    '1'.repeat(1e6),
    7,
    [],
  ])('is unknown for %j', (given) => {
    expect([fullIpAddress(given), anonymizedIpAddress(given)]).toEqual([null, null]);
  });

  it('keeps the network of IPv4, whatever the host, also mapped into IPv6', () => {
    fc.assert(
      fc.property(octets, fc.nat(255), ([a, b, c, d], other) => {
        const expected = `${a}.${b}.${c}.0`;
        for (const given of [`${a}.${b}.${c}.${d}`, `${a}.${b}.${c}.${other}`, `::ffff:${a}.${b}.${c}.${d}`])
          expect(anonymizedIpAddress(given)).toBe(expected);
      }),
    );
  });

  it('keeps the address inside its network, and is the same when it is anonymized again', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (given) => {
        const [full, anonymized] = [fullIpAddress(given)!, anonymizedIpAddress(given)!];
        const version = isIP(full);
        expect(isIP(anonymized)).toBe(version);
        const network = new BlockList();
        if (version === 4) network.addSubnet(anonymized, 24, 'ipv4');
        else network.addSubnet(anonymized, full.startsWith('2002:') ? 40 : 48, 'ipv6');
        expect(network.check(full, version === 4 ? 'ipv4' : 'ipv6')).toBe(true);
        expect(anonymizedIpAddress(anonymized)).toBe(anonymized);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells nothing about the last 80 bits of IPv6', () => {
    const group = fc.nat(0xffff).map((n) => n.toString(16));
    const tail = fc.array(group, { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(group, { minLength: 3, maxLength: 3 }), tail, tail, (head, one, other) => {
        fc.pre(!head.every((part) => part === '0'));
        expect(anonymizedIpAddress([...head, ...one].join(':'))).toBe(anonymizedIpAddress([...head, ...other].join(':')));
      }),
    );
  });

  it('never throws, whatever a proxy sends', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.anything({ maxDepth: 1, maxKeys: 2 })), (given) => {
        const stored = anonymizedIpAddress(given);
        expect(stored === null || isIP(stored) > 0).toBe(true);
      }),
    );
  });
});
