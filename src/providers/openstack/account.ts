// How the engine's plugin and our own requests reach the project, what is written on each object, and what OpenStack says when
// it refuses. https://docs.openstack.org/api-ref/identity/v3
import { Provider } from '@pulumi/openstack/provider.js'
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { openHttp } from '../../io/http.ts'
import { jsonOf } from '../json-api.ts'
import { labelOf, type Marks } from '../ownership.ts'
import type { Ownership, ReadFailure } from '../provider.ts'
import type { OpenstackConfig } from './schema.ts'

/** Set and removed by us at run time, ignored by the engine. */
export const holdsDataKey = 'lifeboat-holds-data'

/** By these an object is found again: as metadata of servers and volumes, as tags of what belongs to the network. */
export function marksAsMetadata({ project, stack, object }: Marks): Record<string, string> {
  return { 'lifeboat-project': labelOf(project), 'lifeboat-stack': labelOf(stack), 'lifeboat-object': labelOf(object) }
}

export function metadataOf(owner: Ownership, object: string): Record<string, string> {
  const move = owner.move === null ? {} : { 'lifeboat-move': labelOf(owner.move) }
  return { ...marksAsMetadata({ ...owner, object }), ...move, 'lifeboat-run': labelOf(owner.run) }
}

export function asTags(metadata: Readonly<Record<string, string>>): string[] {
  return Object.entries(metadata).map(([key, value]) => `${key}:${value}`)
}

/** For `ignoreChanges`: who created an object stays written on it, and so does what we wrote since. */
export const keepsMetadata: string[] = ['metadata["lifeboat-run"]', `metadata["${holdsDataKey}"]`]

/** The explicit provider of a stack. The log-in comes by the plugin's environment, so that it is in no state. */
export function explicitProvider(name: string, { authUrl, region }: OpenstackConfig): Provider {
  // An empty cloud: else what the caller's environment names would win.
  return new Provider(name, { authUrl, region, cloud: '' })
}

export function pluginEnvironment({ authUrl, region, login }: OpenstackConfig): Record<string, string | Secret> {
  const place = { OS_AUTH_URL: authUrl, OS_REGION_NAME: region, OS_CLOUD: '', OS_TOKEN: '', OS_IDENTITY_API_VERSION: '3' }
  if ('applicationCredential' in login)
    return { ...place, OS_APPLICATION_CREDENTIAL_ID: login.applicationCredential, OS_APPLICATION_CREDENTIAL_SECRET: login.secret }
  const { user, password, project, domain } = login
  return { ...place, OS_USERNAME: user, OS_PASSWORD: password, OS_PROJECT_NAME: project, OS_USER_DOMAIN_NAME: domain, OS_PROJECT_DOMAIN_NAME: domain }
}

export function secretOf({ login }: OpenstackConfig): Secret {
  return 'secret' in login ? login.secret : login.password
}

const refused = /\bquota\b|no valid host was found|not enough hosts|exceeds allowed|no more IP addresses/i
const unreachable =
  /\b(unauthorized|authentication failed|forbidden|ECONNREFUSED|ENOTFOUND|ETIMEDOUT)\b|requires? authentication|no suitable endpoint|connection refused|no such host|i\/o timeout/i

export const readOpenstackFailure: ReadFailure = (message) => {
  if (refused.test(message)) return 'refused'
  return unreachable.test(message) ? 'unreachable' : null
}

const tokenSchema = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    catalog: z.array(z.object({ type: z.string(), endpoints: z.array(z.object({ interface: z.string(), region: z.string().nullish(), url: z.url() })) })),
  }),
})

export type Service = 'compute' | 'volume' | 'network'
/** What the catalogue of the identity service calls each. */
const types: Readonly<Record<Service, readonly string[]>> = { compute: ['compute'], volume: ['volumev3', 'block-storage'], network: ['network'] }

export type Session = { readonly token: string; readonly urlOf: (service: Service) => string }

const renewBeforeMs = 300_000

/** A session that is opened at first use, and again before its token ends. Fails with target-unreachable. */
export function openstackSessions(config: OpenstackConfig): (signal: AbortSignal) => Promise<Session> {
  const http = openHttp({ service: 'The identity service', unreachable: 'target-unreachable' })
  let current: (Session & { readonly until: number }) | null = null
  return async (signal) => {
    if (current !== null && current.until > Date.now()) return current
    const headers = { 'content-type': 'application/json' }
    const answer = await http.send({ url: `${config.authUrl}/auth/tokens`, method: 'POST', headers, body: JSON.stringify(askForToken(config)), signal })
    const token = answer.headers.get('x-subject-token')
    if (answer.status >= 300 || token === undefined) {
      throw new LifeboatError('target-unreachable', `The identity service did not take the log-in of providers: (HTTP ${answer.status}).`)
    }
    const parsed = tokenSchema.safeParse(jsonOf(answer.text))
    if (!parsed.success)
      throw new LifeboatError('answer-malformed', 'The identity service answered with something that is not of its API.', { cause: parsed.error })
    const { expires_at: expires, catalog } = parsed.data.token
    const urlOf = (service: Service) => {
      const endpoints = catalog.filter(({ type }) => types[service].includes(type)).flatMap((one) => one.endpoints)
      const url = endpoints.find((one) => one.interface === 'public' && one.region === config.region)?.url
      if (url === undefined) throw new LifeboatError('target-refused', `The cloud has no service for ${service} in the region ${config.region}.`)
      return url.replace(/\/$/, '')
    }
    current = { token, urlOf, until: Date.parse(expires) - renewBeforeMs }
    return current
  }
}

function askForToken({ login }: OpenstackConfig): unknown {
  if ('applicationCredential' in login) {
    const credential = { id: login.applicationCredential, secret: login.secret.reveal() }
    return { auth: { identity: { methods: ['application_credential'], application_credential: credential } } }
  }
  const domain = { name: login.domain }
  const identity = { methods: ['password'], password: { user: { name: login.user, domain, password: login.password.reveal() } } }
  return { auth: { identity, scope: { project: { name: login.project, domain } } } }
}
