// The account page's side of outside accounts: which there are, linking one, unlinking it. What links them is identity's to say.
import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import type { List } from '../../kernel/schema.ts'
import type { Identity } from '../identity/api.ts'
import type { Flow } from './flow.ts'
import type { LinkedAccount } from './schema.ts'

export type Links = ReturnType<typeof createLinks>

export function createLinks({ outside, forms, publicUrl }: Pick<Identity, 'outside' | 'forms' | 'publicUrl'>, flow: Flow) {
  const { social } = flow
  const nameOf = (provider: string) => social.find((p) => p.id === provider)?.name ?? provider
  const selfOf = (ctx: Context) => (ctx.actor.type === 'user' && ctx.actor.id) || refuse('permission.denied', 'only a person has an account')
  return {
    /** All that are offered, and those that were linked while they were. */
    async list(ctx: Context): Promise<List<LinkedAccount>> {
      const linked = await outside.listLinks(ctx)
      const gone = linked.filter(({ provider }) => !social.some((p) => p.id === provider)).map(({ provider, linkedAt }) => ({ provider, name: provider, linkedAt, offered: false }))
      return { items: [...social.map(({ id, name }) => ({ provider: id, name, linkedAt: linked.find((l) => l.provider === id)?.linkedAt ?? null, offered: true })), ...gone], next: null }
    },
    /** @param host at which the person's browser is signed in */
    async begin(ctx: Context, provider: string, host: string): Promise<{ url: string }> {
      return { url: `${(await forms.doorOf(host)) ?? publicUrl}/login/link/${await flow.beginLink(ctx.request, selfOf(ctx), provider)}` }
    },
    /** @throws sso_provider.not_found for one that is not linked, state.conflict for the last way to sign in */
    async remove(ctx: Context, provider: string): Promise<void> {
      const others = social.map(({ id }) => id)
      if (!(await outside.unlink(ctx, { provider, providerName: nameOf(provider) }, others))) refuse('sso_provider.not_found', 'no account of this provider is linked: GET /users/me/linked-accounts lists those that are')
    },
  }
}
