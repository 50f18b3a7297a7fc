// How a tenant looks: its name, its colour where it can be read, its logo. On the login page of its own door, in its mails, in the console.
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Context } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { isId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { systemWho } from '../../kernel/readers.ts'
import { checkVersion } from '../../kernel/route.ts'
import { accents, contrast, leastContrast, reach } from './colors.ts'
import { ensureBranding, findBrand, findBranding, findLogo, lockBranding, putBranding, putLogo, type BrandingRow } from './queries.ts'
import type { Branding, ChangeBranding } from './schema.ts'

/** What anybody may see of a tenant's brand. `logoUrl` and `styleUrl` are paths of ours, new with each change. */
export type Brand = { name: string; color: string | null; logoUrl: string | null; styleUrl: string | null }
export type BrandDesk = ReturnType<typeof createBranding>
const mostBytes = 64 * 1024

/** What the bytes are, by how they begin; a name or a header could lie. No SVG: it may carry script. */
function typeOf(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'image/png'
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'image/jpeg'
  return bytes.subarray(0, 4).toString('latin1') === 'RIFF' && bytes.subarray(8, 12).toString('latin1') === 'WEBP' ? 'image/webp' : undefined
}
const hashOf = (data: Buffer | string) => createHash('sha256').update(data).digest('hex').slice(0, 16)
const logoPath = (tenant: string, hash: string | null) => (hash === null ? null : `/brand/${tenant}/logo/${hash}`)
const styleOf = (color: string) => {
  const { light, dark } = accents(color)
  const lines = (a: typeof light) => `--accent: ${a.text}; --accent-fill: ${a.filled}; --accent-hover: ${a.filled}; --on-accent: ${a.onFilled}`
  return `:root { ${lines(light)} }\n@media (prefers-color-scheme: dark) { :root { ${lines(dark)} } }\nbutton[type=submit]:not(.quiet) { background: var(--accent-fill) }\n`
}

export function createBranding({ kernel }: { kernel: Pick<Kernel, 'system'> }) {
  const brands = new Map<string, Promise<Brand | undefined>>()
  const shown = (tenant: string, { logoHash, ...row }: BrandingRow): Branding => ({ ...row, logoUrl: logoPath(tenant, logoHash) })
  /** The tenant's row, locked: of two who change it at once the second sees what the first did. */
  const lock = async (tx: Context): Promise<BrandingRow> => (await tx.read(ensureBranding(), lockBranding()))[1][0]!

  async function load(tenant: string): Promise<Brand | undefined> {
    const [[row]] = await kernel.system.context(systemWho('branding')).read(findBrand(tenant))
    return row && { name: row.name, color: row.color, logoUrl: logoPath(tenant, row.logoHash), styleUrl: row.color ? `/brand/${tenant}/style/${hashOf(styleOf(row.color))}.css` : null }
  }
  const immutable = (reply: FastifyReply) => reply.headers({ 'cache-control': 'public, max-age=31536000, immutable', 'x-content-type-options': 'nosniff', 'content-security-policy': `default-src 'none'; sandbox`, 'cross-origin-resource-policy': 'cross-origin' })

  return {
    async get(ctx: Context): Promise<Branding> {
      return shown(ctx.tenant, only((await ctx.read(findBranding(ctx.tenant)))[0], 'tenant'))
    },
    /** @throws 422 for a colour that nothing can be read on, naming the nearest that would do */
    async change(ctx: Context, wish: ChangeBranding, ifMatch?: number): Promise<Branding> {
      const color = wish.color?.toLowerCase() ?? wish.color
      if (color && contrast(color, '#ffffff') < leastContrast)
        refuseField('/color', `has a contrast of ${contrast(color, '#ffffff').toFixed(1)} with white, and ${leastContrast} is the least (WCAG 1.4.3): ${reach(color, '#000000', '#ffffff')} is the nearest that passes`)
      return ctx.change('branding.changed', async (tx) => {
        const before = await lock(tx)
        checkVersion(before.version, ifMatch)
        const next = { name: wish.name === undefined ? before.name : wish.name, color: color === undefined ? before.color : color }
        const [row] = await tx(putBranding(next.name, next.color))
        return { subject: ctx.tenant, data: { ...next, logo: before.logoHash }, result: shown(ctx.tenant, row!) }
      })
    },
    /** @param data base64 of a PNG, JPEG or WebP of at most 64 KiB; null takes the logo away */
    async changeLogo(ctx: Context, data: string | null): Promise<Branding> {
      const bytes = data === null ? null : Buffer.from(data, 'base64')
      if (bytes && bytes.length > mostBytes) refuseField('/data', `holds ${bytes.length} bytes; at most ${mostBytes}`)
      const type = bytes === null ? null : (typeOf(bytes) ?? refuseField('/data', 'must be a PNG, JPEG or WebP image in base64'))
      return ctx.change('branding.changed', async (tx) => {
        await lock(tx)
        const [row] = await tx(putLogo(bytes, type, bytes && hashOf(bytes)))
        return { subject: ctx.tenant, data: { name: row!.name, color: row!.color, logo: row!.logoHash }, result: shown(ctx.tenant, row!) }
      })
    },
    /** Remembered until the log says that it changed. */
    brandOf(tenant: string): Promise<Brand | undefined> {
      let known = brands.get(tenant)
      if (!known) {
        if (brands.size > 5000) brands.clear()
        brands.set(tenant, (known = load(tenant)))
        known.catch(() => brands.delete(tenant))
      }
      return known
    },
    hear({ name, tenant_id }: { name: string; tenant_id: string }): void {
      if (name === 'branding.changed' || name === 'tenant.changed' || name === 'tenant.deleted') brands.delete(tenant_id)
    },
    /** What pages and mails link to: whoever has the address may see it, and only what it was made for. */
    mount(app: FastifyInstance): void {
      app.get('/brand/:tenant/logo/:hash', async (req, reply) => {
        const { tenant, hash } = req.params as { tenant: string; hash: string }
        const [[row]] = isId(tenant) ? await kernel.system.context(systemWho(req.id)).read(findLogo(tenant, hash)) : [[]]
        if (!row?.type) refuse('not_found', 'no such logo')
        return immutable(reply).type(row.type!).send(row.logo as Buffer)
      })
      app.get('/brand/:tenant/style/:file', async (req, reply) => {
        const { tenant, file } = req.params as { tenant: string; file: string }
        const brand = isId(tenant) ? await this.brandOf(tenant) : undefined
        if (!brand?.color || brand.styleUrl !== `/brand/${tenant}/style/${file}`) refuse('not_found', 'no such style')
        return immutable(reply).type('text/css; charset=utf-8').send(styleOf(brand.color))
      })
    },
  }
}
