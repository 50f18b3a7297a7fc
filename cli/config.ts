/** Where the installation is, whose key asks and in which tenant, where no option says it: GW_URL, GW_KEY, GW_TENANT. */
export const environment: Readonly<Record<string, string | undefined>> = process.env
