// Errors as RFC 7644, 3.12 says them.
import { Problem } from '../../kernel/errors.ts'
import { judge } from '../../kernel/problems.ts'
import { codes } from '../../kernel/errors.ts'

export type ScimType = 'invalidFilter' | 'tooMany' | 'uniqueness' | 'mutability' | 'invalidSyntax' | 'invalidPath' | 'noTarget' | 'invalidValue'
export class ScimFault extends Error {
  readonly status: number
  readonly scimType: ScimType | undefined
  constructor(status: number, detail: string, scimType?: ScimType) {
    super(detail)
    this.status = status
    this.scimType = scimType
  }
}
export const notFound = (what: string, id: string): never => {
  throw new ScimFault(404, `there is no ${what} ${id}`)
}

/** @returns undefined for a defect of ours: the caller logs it and answers 500 */
export function faultBody(error: unknown): { status: number; body: object } {
  const fault = error instanceof ScimFault ? error : fromProblem(error)
  return { status: fault.status, body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(fault.status), ...(fault.scimType ? { scimType: fault.scimType } : {}), ...(fault.status < 500 ? { detail: fault.message } : {}) } }
}
function fromProblem(error: unknown): ScimFault {
  if ((error as { code?: string }).code === '23505') return new ScimFault(409, 'another one has this name', 'uniqueness')
  const { code, detail } = judge(error as Error)
  const { status, cure } = codes[code]
  return new ScimFault(status === 422 ? 400 : status, detail ?? cure, status === 422 ? 'invalidValue' : error instanceof Problem && status === 409 ? 'mutability' : undefined)
}
