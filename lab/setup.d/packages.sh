# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# Debian packages of the machine itself. Only the programs are used: no service of theirs is started or left enabled.

packages_wanted=(
	bind9 bind9-dnsutils conntrack debootstrap e2fsprogs iproute2 iptables nftables openssh-client openssh-server openssl
	python3-venv rsync systemd-container util-linux wget
)

packages_says() { echo 'Debian packages for name server, ssh, nodes and networks'; }
packages_hint() { echo 'apt-get update && apt-get install --no-install-recommends '"${packages_wanted[*]}"; }

packages_absent() {
	dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${packages_wanted[@]}" 2>/dev/null |
		sed -n 's/^installed //p' | LC_ALL=C sort | LC_ALL=C comm -13 - <(printf '%s\n' "${packages_wanted[@]}" | LC_ALL=C sort)
}

packages_ready() { [[ -z $(packages_absent) ]]; }

packages_install() {
	local absent policy=/usr/sbin/policy-rc.d made_policy='' unit
	mapfile -t absent < <(packages_absent)
	note "${absent[*]}"
	if [[ ! -e $policy ]]; then
		# While this file says 101, no package starts its service.
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
		made_policy=1
	fi
	# shellcheck disable=SC2064
	trap "[ -z '$made_policy' ] || rm -f '$policy'" EXIT
	# A third-party list that cannot be reached is no reason to stop: what matters is whether the install works.
	apt-get update -o Acquire::Retries=3 || true
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "${absent[@]}"
	for unit in bind9:named.service openssh-server:ssh.service openssh-server:ssh.socket; do
		# Only what came with this very install: a service that the machine had before stays as it was.
		if [[ " ${absent[*]} " == *" ${unit%%:*} "* ]]; then systemctl disable "${unit#*:}" || true; fi
	done
}
