# shellcheck shell=bash disable=SC2154 # lab/setup sets root, parts_dir, quiet
# The frame around the parts. A part P (dashes become underscores in function names) defines
#   P_says    one line: what is prepared here
#   P_inputs  prints the files, and any other text, that its result depends on; absent: nothing of it is kept in the cache
#   P_ready   succeeds when the result is complete and in place: quick, quiet, changes nothing
#   P_build   DIR: builds into the empty folder DIR
#   P_link    DIR: links the result into .lab
#   P_install instead of "build unless it is kept, then link": whatever has to be done
#   P_hint    what a person can do when it failed
# and uses $root, $cache, $lab, $arch, `note`, `kept`, `keep`, `link`, `linked`, `go_sources`, `build_go`.

cache=${LIFEBOAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lifeboat}
lab=$root/.lab
arch=$(uname -m)
# npm puts node_modules/.bin in front: what is set up here must not be used to set itself up.
PATH=$(tr ':' '\n' <<<"$PATH" | grep -vxF -e "$root/node_modules/.bin" -e "$lab/bin" | paste -sd:)
export PATH
declare -A keys=()

say() { [[ -n $quiet ]] || printf 'set-up: %s\n' "$*" >&2; }

fail_usage() {
	printf 'set-up: %s. Try: bash lab/setup [--for demo|test|bench|pack] [--quiet]\n' "$1" >&2
	exit 2
}

fail() {
	printf 'set-up: %s\n' "$@" >&2
	exit 1
}

seconds_since() {
	local ms=$((${EPOCHREALTIME/[.,]/} / 1000 - ${1/[.,]/} / 1000))
	printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# Whether the shell function $2 exists for part $1, and its name in `name`.
has() {
	name=${1//-/_}_$2
	declare -F "$name" >/dev/null
}

# The key of a part: the hash of its own script (without comments), of its input files (paths relative to the root), of other
# text that it names, and of the architecture.
find_key() {
	local part=$1 name inputs
	has "$part" inputs || return 0
	inputs=$("$name")
	keys[$part]=$(
		cd "$root"
		{
			printf '%s\n' "$arch" "$inputs"
			grep -v '^[[:space:]]*#' "lab/setup.d/$part.sh"
			while IFS= read -r file; do
				if [[ -f $file ]]; then printf '%s\0' "$file"; fi
			done <<<"$inputs" | xargs -0r sha256sum
		} | sha256sum | cut -c1-16
	)
}

# Where the result of a part is kept.
kept() { printf '%s/%s-%s' "$cache" "$1" "${keys[$1]}"; }

is_ready() {
	local part=$1 name
	find_key "$part"
	has "$part" ready
	"$name"
}

check_machine() {
	[[ $(uname -s) == Linux ]] || fail "the lab needs Linux; this is $(uname -s)"
	((EUID == 0)) || fail 'the lab needs root: it makes network namespaces, mounts and nodes. Try: sudo -E bash lab/setup'
	command -v dpkg-query apt-get >/dev/null || fail 'the lab needs Debian 12 or 13: apt-get is not here'
	command -v npm >/dev/null || fail 'npm is not on PATH. Install Node 20 or newer with npm, then run bash lab/setup again'
	local major
	major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
	((${major:-0} >= 20)) || fail "Node 20 or newer is needed; on PATH is ${major:-none}"
	command -v python3 >/dev/null || fail 'python3 is not on PATH. Try: apt-get install python3 python3-venv'
}

# One set-up at a time for a cache. The lock also holds while a child of a killed run still works.
take_lock() {
	exec 9>"$cache/lock"
	if ! flock --nonblock 9; then
		say "another set-up is running ($(cat "$cache/lock.pid" 2>/dev/null || echo 'pid unknown')); waiting for it"
		flock --timeout 3600 9 || fail "another set-up has held $cache/lock for an hour. Try: fuser -v $cache/lock"
	fi
	echo "pid $$" >"$cache/lock.pid"
	# Whatever lies here is of an interrupted run: nobody else builds while the lock is held.
	rm -rf --one-file-system "$cache/tmp"
	mkdir -p "$cache/tmp" "$cache/logs" "$lab/bin"
}

prepare() {
	local part=$1 name log=$cache/logs/$1.log part_began=$EPOCHREALTIME status=0
	if is_ready "$part"; then return; fi
	has "$part" says
	say "$part: $("$name") ..."
	: >"$log"
	try_part "$part" "$log"
	if ((status == 0)) && ! is_ready "$part"; then
		echo 'the check of the result fails' >>"$log"
		status=1
		if [[ -n ${keys[$part]-} ]]; then
			# What was kept is damaged: away with it, and once more from the beginning.
			rm -rf --one-file-system "$(kept "$part")"
			try_part "$part" "$log"
			if ((status == 0)); then is_ready "$part" || status=1; fi
		fi
	fi
	if ((status == 0)); then
		say "$part: done ($(seconds_since "$part_began") s)$(note_of "$log")"
		forget_old "$part"
		return
	fi
	tail -n 25 "$log" | sed 's/^/    /' >&2
	printf 'set-up: %s failed after %s s (exit %d). Log: %s\n' "$part" "$(seconds_since "$part_began")" "$status" "$log" >&2
	if has "$part" hint; then printf 'Try: %s\n' "$("$name")" >&2; fi
	printf 'Then run bash lab/setup again: it goes on with this part.\n' >&2
	exit 1
}

# Leaves how it ended in `status`. Not by its own exit status: where a caller tests that, bash switches `set -e` off inside.
try_part() {
	set +e
	(
		set -e
		make_part "$1"
	) >>"$2" 2>&1
	status=$?
	set -e
}

make_part() {
	local part=$1 name
	if has "$part" install; then
		"$name"
		return
	fi
	keep "$part"
	has "$part" link
	"$name" "$(kept "$part")"
}

# Builds a part into the cache unless it is there.
keep() {
	local part=$1 name work=$cache/tmp/$1
	if [[ -d $(kept "$part") ]]; then
		note 'was in the cache'
	else
		rm -rf --one-file-system "$work"
		mkdir -p "$work"
		has "$part" build
		"$name" "$work"
		mv -T "$work" "$(kept "$part")"
	fi
	touch "$(kept "$part")"
}

# A part says something about its result by `note TEXT` while it is built.
note() { printf 'note: %s\n' "$1"; }
note_of() { sed -n 's/^note: \(.*\)/: \1/p' "$1" | tail -n 1; }

# Results under other keys of this part that no clone has linked for 30 days.
forget_old() {
	find "$cache" -maxdepth 1 -name "$1-????????????????" ! -path "$(kept "$1" 2>/dev/null)" -mtime +30 -exec rm -rf --one-file-system {} + || true
}

# link TARGET NAME: the link .lab/NAME, replaced in one step.
link() {
	local place=$lab/$2
	mkdir -p "$(dirname "$place")"
	if [[ -d $place && ! -L $place ]]; then rm -rf --one-file-system "$place"; fi
	ln -sfn "$1" "$place.new"
	mv -fT "$place.new" "$place"
}

# Whether .lab/NAME links to TARGET, and TARGET is there.
linked() { [[ $(readlink "$lab/$2") == "$1" && -e $lab/$2 ]]; }

# The source files of a Go main below the root.
go_sources() { (cd "$root" && find "$1" -name testdata -prune -o -type f \( -name '*.go' -o -name go.mod -o -name go.sum \) ! -name '*_test.go' -print | LC_ALL=C sort); }

# Fetches the modules of the long builds beside the parts before them, which leave the line idle. Whether it succeeds does not
# matter here: the builds fetch what they miss, and say what went wrong.
fetch_modules() {
	local each
	for each in lab/vcsim:. lab/tools/pulumi:github.com/pulumi/pulumi/pkg/v3/cmd/pulumi lab/plugins/aws:. lab/plugins/vsphere:.; do
		cd "$root/${each%%:*}" || return
		GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 "$lab/bin/go" list -deps -tags osusergo,grpcnotrace "${each#*:}"
	done
}

# build_go DIR ARGS…: `go build` in DIR with the flags that all our builds share (so they share Go's cache too).
build_go() {
	local dir=$1 jobs
	shift
	# A large provider package wants nearly 2 GiB per compiler.
	jobs=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) / 2097152))
	if ((jobs > $(nproc))); then jobs=$(nproc); fi
	if ((jobs < 1)); then jobs=1; fi
	(
		cd "$dir"
		GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 \
			"$lab/bin/go" build -p "$jobs" -trimpath -buildvcs=false -tags osusergo,grpcnotrace "$@"
	)
}

# Debian packages of the image's own Debian, unpacked into a folder: by the image's apt, in a layer over it that ends with its mounts.
unpack_packages() {
	local folder=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --propagation private bash -euc '
		image=$1 folder=$2
		shift 2
		mount -t tmpfs tmpfs /mnt
		mkdir /mnt/changes /mnt/work /mnt/root
		mount -t overlay -o "lowerdir=$image,upperdir=/mnt/changes,workdir=/mnt/work" overlay /mnt/root
		mount --bind /dev /mnt/root/dev
		cp /etc/resolv.conf /mnt/root/etc/resolv.conf
		chroot /mnt/root sh -euc "apt-get update; cd /tmp; apt-get download $*"
		for package in /mnt/root/tmp/*.deb; do dpkg-deb --extract "$package" "$folder"; done
	' build "$(readlink -f "$lab/image")" "$folder" "$@"
	rm -rf "$folder/usr/share/doc" "$folder/usr/share/man"
}
