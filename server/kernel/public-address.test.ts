import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublicAddress, lineOf } from './public-address.ts'

test('public is globally routable unicast, nothing else and in no disguise', () => {
  const yes = '8.8.8.8 1.1.1.1 2606:4700::1111 ::ffff:8.8.8.8 2a00:1450::1'
  const no = `0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 nonsense 1.2.3`
  for (const ip of yes.split(' ')) assert.ok(isPublicAddress(ip), ip)
  for (const ip of no.split(/\s+/)) assert.ok(!isPublicAddress(ip), ip)
  assert.ok(!isPublicAddress(''))
})

test('limits count an IPv4 address, however it is written, and the /64 of an IPv6 one', () => {
  assert.deepEqual(['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207'].map(lineOf), Array(3).fill('192.0.2.7'))
  assert.deepEqual(['2001:db8:1:2::1', '2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002:0:0:0:9%eth0'].map(lineOf), Array(3).fill('2001:db8:1:2::/64'))
  assert.deepEqual([lineOf('2001:db8:1:3::1'), lineOf('::1'), lineOf('a socket')], ['2001:db8:1:3::/64', '0:0:0:0::/64', 'a socket'])
})
