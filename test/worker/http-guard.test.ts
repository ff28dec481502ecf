import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAddressGuard, type Network, parseNetwork } from '../../lib/worker/built-in/address-guard.ts';
import { guardedRequest } from '../../lib/worker/built-in/guarded-request.ts';

const networks = (...texts: string[]): Network[] => texts.map(parseNetwork).filter((network) => network !== undefined);
const closed = createAddressGuard([]);

describe('address guard', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['169.254.169.254', 'link-local'],
    ['100.64.0.1', 'carrier-grade'],
    ['100.100.100.200', 'carrier-grade'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['192.0.0.8', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['198.18.0.1', ''],
    ['240.0.0.1', 'reserved'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['::127.0.0.1', ''],
    ['::7f00:1', ''],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', 'link-local'],
    ['64:ff9b:1::1', ''],
    ['2002:7f00:1::', ''],
    ['2001::1', ''],
    ['fc00::1', 'unique-local'],
    ['fd00:ec2::254', 'unique-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['fec0::1', ''],
    ['ff02::1', 'multicast'],
    ['2001:db8::1', 'reserved'],
    ['not an address', 'not an IP address'],
    ['', 'not an IP address'],
  ])('refuses %s', (address, why) => {
    expect(closed(address)).toContain(why);
  });

  it.each(['93.184.216.34', '8.8.8.8', '172.32.0.1', '2606:4700::1111', '64:ff9b::8.8.8.8', '::ffff:8.8.8.8'])(
    'lets %s through',
    (address) => {
      expect(closed(address)).toBeUndefined();
    },
  );

  it('lets an allowed network through, in every form of its addresses, and nothing beside it', () => {
    const guard = createAddressGuard(networks('127.0.0.0/8', '10.1.0.0/16', 'fd00::/8', '192.168.0.7'));
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '10.1.2.3', 'fd12::1', '192.168.0.7']) {
      expect(guard(address)).toBeUndefined();
    }
    for (const address of ['10.2.0.1', '192.168.0.8', '::1', 'fc00::1', '169.254.169.254']) {
      expect(guard(address)).toBeDefined();
    }
  });

  it.each(['10/8', '127.0.0.1/33', 'localhost', '', '0x7f.1', '10.0.0.0/8/8x', '::1/200', '1.2.3.4/'])(
    'takes "%s" for no network',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );
});

describe('a request', () => {
  const request = (url: string): Promise<unknown> =>
    guardedRequest(
      { url, method: 'GET', headers: {}, body: undefined, signal: AbortSignal.timeout(4_000), maxChars: 16_000 },
      closed,
    );

  // Each way of writing a place that must not be reached; none of them may even open a socket.
  it.each([
    'http://127.0.0.1:1/',
    'http://127.1:1/',
    'http://2130706433:1/',
    'http://0x7f000001:1/',
    'http://0177.0.0.1:1/',
    'http://0:1/',
    'http://127.0.0.1.:1/',
    'http://[::1]:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://[::ffff:7f00:1]:1/',
    'http://[::127.0.0.1]:1/',
    'http://[64:ff9b::127.0.0.1]:1/',
    'http://localhost:1/',
    'http://LOCALHOST:1/',
    'http://10.0.0.1:1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    'https://127.0.0.1:1/',
    'http://user:password@127.0.0.1:1/',
    'http://①②⑦.⓪.⓪.①:1/',
  ])('to %s is refused', async (url) => {
    await expect(request(url)).rejects.toMatchObject({
      name: 'RefusedError',
      message: expect.stringContaining('--allow-network'),
    });
  });

  it.each(['file:///etc/passwd', 'ftp://example.com/', 'data:text/plain,x', 'unix:/var/run/docker.sock'])(
    'to %s is refused for its scheme',
    async (url) => {
      await expect(request(url)).rejects.toMatchObject({
        name: 'RefusedError',
        message: expect.stringContaining('only http: and https:'),
      });
    },
  );

  it('is cut before a byte is sent when the address that it reached is not the one that was checked', async () => {
    let bytes = 0;
    const server = createServer((socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const gone = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    let looks = 0;
    const changing = (address: string): string | undefined => {
      looks += 1;
      return looks === 1 ? undefined : closed(address);
    };
    const signal = AbortSignal.timeout(4_000);
    const url = `http://127.0.0.1:${port}/`;
    const sent = guardedRequest(
      { url, method: 'POST', headers: {}, body: 'secret', signal, maxChars: 16_000 },
      changing,
    );
    await expect(sent).rejects.toMatchObject({ name: 'RefusedError' });
    await gone;
    expect(bytes).toBe(0);
  });

  it('never repeats the credentials of the URL', async () => {
    await expect(request('http://user:password@127.0.0.1:1/')).rejects.not.toMatchObject({
      message: expect.stringContaining('password'),
    });
  });
});
