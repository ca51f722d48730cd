// What AWS says when it does not do something.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
import { LifeboatError, messageOf } from '../../core/errors.ts'
import type { ReadFailure } from '../provider.ts'

/** Quotas end in LimitExceeded; RequestLimitExceeded means "more slowly". */
const refused =
  /\b(?!RequestLimitExceeded)\w*LimitExceeded\b|\bInsufficient(Instance|Address|Volume|ReservedInstance|HostCapacity)\w*|\bUnsupported(Operation)?:|\bInstanceTypeNotSupported|\bMaxIOPSLimit\w*|\bResourceCountExceeded|\bServiceQuotaExceeded\w*|\bPendingVerification|\bOptInRequired/

const unreachable =
  /\b(AuthFailure|UnauthorizedOperation|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|ExpiredToken\w*|RequestExpired|InvalidAccessKeyId|AccessDenied\w*|NoCredentialProviders|CredentialsProviderError|ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|ECONNRESET)\b|no valid credential|failed to get shared config profile|send request failed|connection refused|no such host|i\/o timeout|Invalid AWS Region/i

export const readAwsFailure: ReadFailure = (message) => {
  if (refused.test(message)) return 'refused'
  return unreachable.test(message) ? 'unreachable' : null
}

/** The failure of a call that we made ourselves. */
export function callFailure(what: string, thrown: unknown): LifeboatError {
  const name = thrown instanceof Error ? thrown.name : ''
  const said = messageOf(thrown) || name
  const words = name === '' || name === 'Error' || said.includes(name) ? said : `${name}: ${said}`
  return new LifeboatError(readAwsFailure(words) === 'refused' ? 'target-refused' : 'target-unreachable', `AWS did not answer ${what}: ${words}`, {
    cause: thrown,
  })
}
