// A port of a node published as Docker does it: the service runs in a network namespace behind a bridge, port 80 of the
// node is translated to its port 8080, and a proxy listens on the node for whom no rule translates. The rules are those
// that Docker writes (github.com/moby/moby, integration/network/bridge/{nftablesdoc,iptablesdoc}/generated/usernet-portmap.md).
import type { LabNode } from '../../lab/node.ts'

const container = '172.17.0.2'

/** What stands as long as Docker runs, and what comes and goes with a container. `nft`: Docker 29 with `firewall-backend: nftables`. */
const rules = {
  nft: {
    always: `nft -f - <<'EOF'
table ip docker-bridges {
  chain filter-FORWARD { type filter hook forward priority 1; policy accept; oifname docker0 jump in__docker0; iifname docker0 jump out__docker0; }
  chain nat-OUTPUT { type nat hook output priority -100; ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-prerouting-and-output; }
  chain nat-POSTROUTING { type nat hook postrouting priority srcnat; oifname != docker0 ip saddr 172.17.0.0/16 counter masquerade; }
  chain nat-PREROUTING { type nat hook prerouting priority dstnat; fib daddr type local counter jump nat-prerouting-and-output; }
  chain nat-prerouting-and-output { }
  chain raw-PREROUTING { type filter hook prerouting priority raw; }
  chain in__docker0 { ct state established,related counter accept; iifname docker0 counter accept; jump ports__docker0; counter drop; }
  chain ports__docker0 { }
  chain out__docker0 { ct state established,related counter accept; iifname docker0 counter accept; counter drop; }
}
EOF`,
    start: `nft -f - <<'EOF'
add rule ip docker-bridges nat-prerouting-and-output iifname != docker0 tcp dport 80 counter dnat to ${container}:8080
add rule ip docker-bridges raw-PREROUTING ip daddr ${container} iifname != docker0 counter drop
add rule ip docker-bridges ports__docker0 ip daddr ${container} tcp dport 8080 counter accept
EOF`,
    stop: 'for chain in nat-prerouting-and-output raw-PREROUTING ports__docker0; do nft flush chain ip docker-bridges $chain; done',
  },
  iptables: {
    always: `iptables-restore --noflush <<'EOF'
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
EOF`,
    start: published('-A', '-I'),
    stop: published('-D', '-D'),
  },
}

function published(add: string, first: string): string {
  return `iptables -w 5 -t raw ${add} PREROUTING -d ${container}/32 ! -i docker0 -j DROP
iptables -w 5 -t nat ${add} DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${container}:8080
iptables -w 5 ${first} DOCKER -d ${container}/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 8080 -j ACCEPT`
}

const network = `set -e
ip netns add shop
ip link add docker0 type bridge
ip addr add 172.17.0.1/16 dev docker0
ip link add shop type veth peer name eth0 netns shop
ip link set shop master docker0 up
ip link set docker0 up
ip -n shop addr add ${container}/16 dev eth0
ip -n shop link set lo up
ip -n shop link set eth0 up
ip -n shop route add default via 172.17.0.1
echo 1 > /proc/sys/net/ipv4/ip_forward
`

/** Puts the shop of a node, running or not, behind a published port. */
export async function publishByDocker(node: LabNode, way: keyof typeof rules): Promise<void> {
  const { always, start, stop } = rules[way]
  const run = `ip netns exec shop setpriv --reuid=www-data --regid=www-data --clear-groups python3 /opt/shop/serve.py orders /srv/shop 8080`
  await writeFiles(node, {
    '/opt/docker/start': `${start}\nsystemctl start docker-proxy.socket\n`,
    '/opt/docker/stop': `systemctl stop docker-proxy.socket docker-proxy.service\n${stop}\n`,
    '/etc/systemd/system/docker-proxy.socket': '[Socket]\nListenStream=80\n',
    '/etc/systemd/system/docker-proxy.service': `[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd ${container}:8080\n`,
    '/etc/systemd/system/shop.service.d/docker.conf': `[Service]
User=root
ExecStartPre=/bin/sh /opt/docker/start
ExecStart=
ExecStart=${run}
ExecStopPost=/bin/sh /opt/docker/stop
`,
  })
  const serves = (await node.attempt('systemctl is-active --quiet shop.service')).exitCode === 0
  if (serves) await node.run('systemctl stop shop.service')
  await node.run(`${network}${always}\nsystemctl daemon-reload`)
  if (serves) await node.run('systemctl start shop.service')
}

/** Writes files on a node: path -> text. */
export async function writeFiles(node: LabNode, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, input] of Object.entries(texts)) await node.run(`mkdir -p "$(dirname ${file})" && cat > ${file}`, { input })
}
