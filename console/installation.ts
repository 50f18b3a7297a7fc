// What the server says of itself in the page's head.

/** One team for everybody (ENABLE_MULTI_TENANT=false): nothing offers others, nor doors to tell them apart. */
export const isOneTeam = (): boolean => document.querySelector('meta[name="teams"]')?.getAttribute('content') === 'one'
