# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# The Pulumi CLI: a fitting one on PATH, else the official download, else a build from its Go module (minutes).

pulumi_version=3.259.0
pulumi_site=https://get.pulumi.com/releases/sdk

pulumi_says() { echo 'Pulumi CLI 3.226 or newer (PATH, else the official download, else a build: about 4 minutes)'; }
pulumi_hint() { echo 'install the Pulumi CLI from https://www.pulumi.com/docs/install/ and put it on PATH; else look into the log'; }
pulumi_inputs() { printf '%s\n' "$pulumi_version" lab/tools/pulumi/go.mod lab/tools/pulumi/go.sum; }

# Whether the program $1 is a Pulumi 3.226 or newer: older ones do not tell drift by their exit code.
pulumi_fits() {
	local version
	version=$(PULUMI_SKIP_UPDATE_CHECK=true "$1" version 2>/dev/null) || return 1
	[[ $version =~ ^v3\.([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 226))
}

# The version was asked when the link was made; asking again on each run would cost 0.3 s.
pulumi_ready() {
	local target
	target=$(realpath -e "$lab/bin/pulumi" 2>/dev/null) || return 1
	[[ -x $target ]] || return 1
	[[ $target != "$(realpath "$cache")"/* || $target == "$(realpath "$cache")/pulumi-${keys[pulumi]}/"* ]]
}

# The release's tarball, checked against the release's list of checksums.
pulumi_download() {
	local dir=$1 cpu tarball
	case $arch in x86_64) cpu=x64 ;; aarch64) cpu=arm64 ;; *) return 1 ;; esac
	tarball=pulumi-v$pulumi_version-linux-$cpu.tar.gz
	local fetch=(wget --no-verbose --tries=1 --dns-timeout=5 --connect-timeout=5 --read-timeout=60 --directory-prefix="$dir")
	"${fetch[@]}" "$pulumi_site/pulumi-$pulumi_version-checksums.txt" || return 1
	"${fetch[@]}" "$pulumi_site/$tarball" || return 1
	# The list names every platform; exactly one line is ours, and it must be there.
	(cd "$dir" && awk -v name="$tarball" '$2 == name' "pulumi-$pulumi_version-checksums.txt" >wanted &&
		[[ $(wc -l <wanted) == 1 ]] && sha256sum --check --strict wanted) || return 1
	mkdir "$dir/bin"
	tar --extract --gzip --no-same-owner --strip-components=1 --directory "$dir/bin" --file "$dir/$tarball" || return 1
	rm "$dir/$tarball" "$dir/pulumi-$pulumi_version-checksums.txt" "$dir/wanted"
	pulumi_fits "$dir/bin/pulumi"
}

pulumi_build() {
	if pulumi_download "$1"; then
		note "official download $pulumi_version"
		return
	fi
	echo 'the official download did not work; building from the Go module'
	rm -rf "${1:?}"/*
	build_go "$root/lab/tools/pulumi" -o "$1/bin/pulumi" \
		-ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$pulumi_version" \
		github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
	note "built from the Go module $pulumi_version"
}

pulumi_install() {
	local found
	found=$(command -v pulumi || true)
	if [[ -n $found ]] && pulumi_fits "$found"; then
		link "$(realpath "$found")" bin/pulumi
		note "$found"
	else
		keep pulumi
		link "$(kept pulumi)/bin/pulumi" bin/pulumi
	fi
	pulumi_fits "$lab/bin/pulumi"
}
