// What plans and tenants may be limited in, as operators read and write it.
import { t } from '../../words.ts'

export const meters = ['users', 'projects', 'storage', 'calls', 'runs', 'keys'] as const
export const labels = () => ({ users: t('Members'), projects: t('Projects'), storage: t('Storage, GiB'), calls: t('Calls a day'), runs: t('Runs a month'), keys: t('API keys') })
const gib = 2 ** 30
/** Storage is kept in bytes and edited in GiB. */
export const shown = (meter: string, value: number | null | undefined) => (value === null || value === undefined ? '' : meter === 'storage' ? Math.round((value / gib) * 100) / 100 : value)
export const kept = (meter: string, value: string | number) => (value === '' ? null : meter === 'storage' ? Math.round(Number(value) * gib) : Number(value))
