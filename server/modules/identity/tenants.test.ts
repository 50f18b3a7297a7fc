// Members and invitations: who may do what to whom, and that a tenant never loses its last owner.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TenantRole } from '../../kernel/schema.ts'
import { testIdentity, type TestIdentity } from '../../testing/identity.ts'

const by = (id: string) => ({ actor: { type: 'user' as const, id }, request: 'test' })
const refused = (code: string) => (error: { code?: string }) => error.code === code
async function team(i: TestIdentity, roles: TenantRole[]) {
  const ops = await i.setUp()
  const tenant: string = ops.tenant.id
  const people: string[] = []
  for (const [n, role] of roles.entries()) {
    const { token } = await i.identity.tenants.invite(by(ops.user.id), tenant, { email: null, role }, 'owner')
    people.push((await i.register(`p${n}`, { invitationToken: token })).user.id)
  }
  return { ops: ops.user.id as string, tenant, people, tenants: i.identity.tenants }
}

test('two owners who leave at once do not both succeed', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenant, people: [other], tenants } = await team(i, ['owner'])
  const both = await Promise.allSettled([tenants.leave(by(ops), tenant), tenants.leave(by(other!), tenant)])
  assert.deepEqual(both.map((b) => b.status).sort(), ['fulfilled', 'rejected'])
  assert.equal((both.find((b) => b.status === 'rejected') as PromiseRejectedResult).reason.code, 'tenant.last_owner')
})

test('the last owner cannot be demoted, removed, nor leave', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenant, tenants } = await team(i, [])
  await assert.rejects(tenants.leave(by(ops), tenant), refused('tenant.last_owner'))
  await assert.rejects(tenants.changeRole(by(ops), tenant, ops, 'admin', 'owner'), refused('tenant.last_owner'))
  await assert.rejects(tenants.removeMember(by(ops), tenant, ops, 'owner'), refused('tenant.last_owner'))
})

test('an admin makes no owner, touches none, and invites none', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenant, people: [admin, member], tenants } = await team(i, ['admin', 'member'])
  await assert.rejects(tenants.changeRole(by(admin!), tenant, member!, 'owner', 'admin'), refused('permission.denied'))
  await assert.rejects(tenants.changeRole(by(admin!), tenant, ops, 'member', 'admin'), refused('permission.denied'))
  await assert.rejects(tenants.removeMember(by(admin!), tenant, ops, 'admin'), refused('permission.denied'))
  await assert.rejects(tenants.invite(by(admin!), tenant, { email: 'x@example.test', role: 'owner' }, 'admin'), refused('permission.denied'))
  assert.equal((await tenants.changeRole(by(admin!), tenant, member!, 'viewer', 'admin')).role, 'viewer')
})

test('ownership is handed over, and the former owner stays as admin', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenant, people: [heir], tenants } = await team(i, ['member'])
  await assert.rejects(tenants.transferOwnership(by(heir!), tenant, ops), refused('permission.denied'))
  await tenants.transferOwnership(by(ops), tenant, heir!)
  assert.deepEqual((await i.query('select role from identity.member order by role')).map((r) => (r as { role: string }).role), ['admin', 'owner'])
})

test('ten who accept one link at once: one gets in; used, withdrawn and old ones are refused', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenant, tenants } = await team(i, [])
  const { token } = await tenants.invite(by(ops), tenant, { email: null, role: 'viewer' }, 'owner')
  const people: string[] = []
  for (let n = 0; n < 10; n++) people.push((await i.register(`q${n}`)).user.id)
  const all = await Promise.allSettled(people.map((id) => tenants.acceptInvitation(by(id), token)))
  assert.equal(all.filter((a) => a.status === 'fulfilled').length, 1)
  const late = people[all.findIndex((a) => a.status === 'rejected')]!
  const withdrawn = await tenants.invite(by(ops), tenant, { email: null, role: 'viewer' }, 'owner')
  await tenants.withdrawInvitation(by(ops), tenant, withdrawn.invitation.id)
  await assert.rejects(tenants.acceptInvitation(by(late), withdrawn.token), refused('auth.link_refused'))
  const old = await tenants.invite(by(ops), tenant, { email: null, role: 'viewer' }, 'owner')
  const renewed = await tenants.resendInvitation(by(ops), tenant, old.invitation.id, 'owner')
  await assert.rejects(tenants.acceptInvitation(by(late), old.token), refused('auth.link_refused'))
  await i.identity.pool.query(`update invitation set "expiresAt" = now() - interval '1 second' where id = $1`, [old.invitation.id])
  await assert.rejects(tenants.acceptInvitation(by(late), renewed.token), refused('auth.link_refused'))
})

test('an invitation by mail is for that address; a second one replaces the first; a member is not invited', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenant, people: [member], tenants } = await team(i, ['member'])
  const first = await tenants.invite(by(ops), tenant, { email: 'Guest@example.test', role: 'viewer' }, 'owner')
  const second = await tenants.invite(by(ops), tenant, { email: 'guest@example.test', role: 'member' }, 'owner')
  const stranger = (await i.register('stranger')).user.id
  const guest = (await i.register('guest')).user.id
  await assert.rejects(tenants.acceptInvitation(by(stranger), second.token), refused('invitation.not_found'))
  await assert.rejects(tenants.acceptInvitation(by(guest), first.token), refused('auth.link_refused'))
  assert.equal((await tenants.findInvitation(second.token))?.email, 'guest@example.test')
  assert.equal((await tenants.acceptInvitation(by(guest), second.token)).role, 'member')
  assert.equal(await tenants.findInvitation(second.token), undefined)
  await assert.rejects(tenants.invite(by(ops), tenant, { email: 'p0@example.test', role: 'viewer' }, 'owner'), refused('member.exists'))
  assert.ok(member)
})

test('slugs are made from names, made different when taken, refused when asked for twice or reserved', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenants } = await team(i, [])
  assert.equal((await tenants.create(by(ops), { name: 'Åsa & Söner' })).slug, 'asa-soner')
  assert.match((await tenants.create(by(ops), { name: 'Åsa & Söner' })).slug, /^asa-soner-[0-9a-f]{6}$/)
  assert.match((await tenants.create(by(ops), { name: '日本' })).slug, /^team-[0-9a-f]{6}$/)
  await assert.rejects(tenants.create(by(ops), { name: 'X', slug: 'asa-soner' }), refused('tenant.slug_taken'))
  for (const slug of ['api', 'A', 'a', '1a', 'x_y', '0'.repeat(50), 'a1b2c3d4-e5f6-7a8b-9c0d-112233445566']) await assert.rejects(tenants.create(by(ops), { name: 'X', slug }), refused('request.invalid'))
  const tenant = await tenants.create(by(ops), { name: 'Two' })
  await assert.rejects(tenants.change(by(ops), tenant.id, { slug: 'asa-soner' }), refused('tenant.slug_taken'))
  assert.equal((await tenants.change(by(ops), tenant.id, { slug: 'renamed' }, tenant.version)).version, tenant.version + 1)
  await assert.rejects(tenants.change(by(ops), tenant.id, { name: 'X' }, tenant.version), refused('version.conflict'))
  assert.deepEqual((await tenants.listOf(ops)).filter((x) => x.slug === 'renamed').map((x) => [x.name, x.role]), [['Two', 'owner']])
})

test('a tenant goes after its grace, not before, and its events stay', async (t) => {
  const i = await testIdentity(t)
  const { ops, tenant, tenants } = await team(i, ['member'])
  const soon = new Date(Date.now() + 60_000).toISOString()
  assert.equal((await tenants.change(by(ops), tenant, { status: 'deleting', deletesAt: soon })).status, 'deleting')
  assert.equal(await tenants.remove(by(ops), tenant), false)
  await tenants.change(by(ops), tenant, { deletesAt: new Date(Date.now() - 1000).toISOString() })
  assert.deepEqual(await tenants.listDue(), [tenant])
  assert.equal(await tenants.remove(by(ops), tenant), true)
  assert.deepEqual(await i.query('select 1 from identity.member'), [])
  assert.equal((await i.query(`select 1 from events where tenant_id = $1 and name = 'tenant.deleted'`, [tenant])).length, 1)
})
