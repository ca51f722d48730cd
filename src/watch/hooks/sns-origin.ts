// What of an SNS message leads to Amazon: its topic, the host that its certificate and its confirmation stand on. The
// pattern lets no S3 bucket through whose name begins with `sns`, as that of a well-known library does.
import { refused } from './keys.ts'

const host = /^sns\.([a-z]{2}(?:-(?:gov|iso[a-z]?))?-[a-z]+-\d)\.amazonaws\.com(?:\.cn)?$/
const certificatePath = /^\/SimpleNotificationService-[0-9a-f]{16,64}\.pem$/
export const topicPattern = /^arn:aws(?:-[a-z]+)*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/

/** The region of a topic. */
function regionOf(topic: string): string {
  return topicPattern.exec(topic)?.[1] ?? ''
}

/** The URL of the certificate. Fails with delivery-refused unless it is one of SNS in the region of the topic. */
export function certificateUrl(text: string, topic: string): string {
  const url = ofSns(text, topic)
  if (!certificatePath.test(url.pathname) || url.search !== '') throw refused('its certificate does not stand where those of SNS stand')
  return url.href
}

/** The URL that confirms a subscription. Fails in the same way. */
export function confirmationUrl(text: string, topic: string): string {
  const url = ofSns(text, topic)
  if (url.pathname !== '/' || url.searchParams.get('Action') !== 'ConfirmSubscription' || url.searchParams.get('TopicArn') !== topic) {
    throw refused('its SubscribeURL does not confirm this topic')
  }
  return url.href
}

function ofSns(text: string, topic: string): URL {
  const url = URL.parse(text)
  const region = host.exec(url?.hostname ?? '')?.[1]
  const isPlain = url !== null && url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '' && url.hash === ''
  if (!isPlain || region === undefined || region !== regionOf(topic)) throw refused('it names a host that is not SNS in the region of its topic')
  return url
}
