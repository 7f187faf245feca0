import { ApiError } from '../errors.ts'
import { type Caller, digest, type Region } from '../model.ts'
import { requiredText, text, type Xml } from '../protocol.ts'
import type { Action, Call } from './action.ts'

/** Credentials as issued by STS and IMDS. */
type SessionCredentials = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  /** ISO 8601, without milliseconds. */
  expiration: string
}

/** The owner of an access key: an open session, else the account's user. */
export function callerOf(region: Region, accessKeyId: string): Caller {
  return (
    region.sessions.get(accessKeyId) ?? {
      account: region.account,
      arn: userArn(region),
      principal: userArn(region),
      userId: `AIDA${digest(region.account).slice(0, 17).toUpperCase()}`,
    }
  )
}

/** The account's only user. */
export const userArn = ({ partition, account }: Region) => `arn:${partition}:iam::${account}:user/lab`

/** Opens a role session; the same role and session name get the same access key until it is revoked. */
export function openSession(
  region: Region,
  role: { account: string; name: string },
  sessionName: string,
  seconds: number,
): { caller: Caller; credentials: SessionCredentials } {
  const arn = `arn:${region.partition}:sts::${role.account}:assumed-role/${role.name}/${sessionName}`
  const key = validKey(region, arn)
  const roleId = `AROA${digest(`${role.account}/${role.name}`).slice(0, 17).toUpperCase()}`
  const principal = `arn:${region.partition}:iam::${role.account}:role/${role.name}`
  const caller = { account: role.account, arn, principal, userId: `${roleId}:${sessionName}` }
  const accessKeyId = accessKeyIdOf(key)
  region.sessions.set(accessKeyId, caller)
  return {
    caller,
    credentials: {
      accessKeyId,
      secretAccessKey: key,
      sessionToken: Buffer.from(arn).toString('base64'),
      expiration: `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`,
    },
  }
}

const accessKeyIdOf = (key: string) => `ASIA${key.slice(0, 16)}`

/** The session's first key that is not revoked. */
function validKey(region: Region, arn: string): string {
  for (let number = 0; ; number++) {
    const key = digest(number === 0 ? arn : `${arn} ${number}`).toUpperCase()
    if (!region.revoked.has(accessKeyIdOf(key))) return key
  }
}

const SHORTEST_SESSION_SECONDS = 900
const LONGEST_SESSION_SECONDS = 43_200
const DEFAULT_SESSION_SECONDS = 3600

function assumeRole({ region, params }: Call): { [name: string]: Xml } {
  const roleArn = requiredText(params, 'RoleArn')
  const sessionName = requiredText(params, 'RoleSessionName')
  const [, partition, account, path] = /^arn:([\w-]+):iam::(\d{12}):role\/([\w+=,.@/-]+)$/.exec(roleArn) ?? []
  if (partition !== region.partition || account === undefined || path === undefined)
    throw new ApiError('ValidationError', `${roleArn} is invalid`)
  const seconds = Number(text(params, 'DurationSeconds') ?? DEFAULT_SESSION_SECONDS)
  if (!Number.isInteger(seconds) || seconds < SHORTEST_SESSION_SECONDS || seconds > LONGEST_SESSION_SECONDS) {
    throw new ApiError(
      'ValidationError',
      `The requested DurationSeconds must be from ${SHORTEST_SESSION_SECONDS} to ${LONGEST_SESSION_SECONDS}.`,
    )
  }
  const name = path.slice(path.lastIndexOf('/') + 1)
  const { caller, credentials } = openSession(region, { account, name }, sessionName, seconds)
  return {
    AssumedRoleUser: { AssumedRoleId: caller.userId, Arn: caller.arn },
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: credentials.expiration,
    },
  }
}

/** STS's calls. */
export const stsActions: Record<string, Action> = {
  AssumeRole: { resources: (params) => [requiredText(params, 'RoleArn')], run: assumeRole },
  GetCallerIdentity: {
    isFree: true,
    run: ({ caller }) => ({ Arn: caller.arn, UserId: caller.userId, Account: caller.account }),
  },
}
