import { dnsConformance, type DnsSubject } from '../conformance/dns.ts'
import { startBind } from '../support/bind.ts'
import { missing, providerOf, type NameServer } from '../support/dns-server.ts'
import { startKnot } from '../support/knot.ts'

function subject(server: NameServer): DnsSubject {
  return { provider: providerOf(server), records: server.records, changes: server.serial }
}

dnsConformance('rfc2136 on BIND', await missing('named'), async (t) => subject(await startBind(t)))
dnsConformance('rfc2136 on Knot', await missing('knotd'), async (t) => subject(await startKnot(t)))
