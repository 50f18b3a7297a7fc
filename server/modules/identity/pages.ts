import type { FastifyInstance } from 'fastify'
import type { Identity } from './identity.ts'
export async function addPages(_app: FastifyInstance, _identity: Identity): Promise<void> {}
