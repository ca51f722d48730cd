# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# lifeboat-helper, the program that runs on nodes: static, for both architectures.

helper_says() { echo 'lifeboat-helper for amd64 and arm64'; }
helper_hint() { echo "cd helper && CGO_ENABLED=0 go build . (the compiler's message says what is wrong)"; }
helper_inputs() { if [[ -f $root/helper/go.mod ]]; then go_sources helper; fi; }

helper_native() { case $arch in aarch64) echo arm64 ;; *) echo amd64 ;; esac }

helper_ready() {
	# A tree without the program is complete without it.
	[[ -f $root/helper/go.mod ]] || return 0
	local dir
	dir=$(kept helper)
	linked "$dir/lifeboat-helper-linux-$(helper_native)" bin/lifeboat-helper &&
		linked "$dir/lifeboat-helper-linux-amd64" bin/lifeboat-helper-linux-amd64 &&
		linked "$dir/lifeboat-helper-linux-arm64" bin/lifeboat-helper-linux-arm64
}

helper_build() {
	local goarch
	for goarch in amd64 arm64; do
		GOOS=linux GOARCH=$goarch build_go "$root/helper" -ldflags '-s -w' -o "$1/lifeboat-helper-linux-$goarch" .
	done
}

helper_link() {
	link "$1/lifeboat-helper-linux-$(helper_native)" bin/lifeboat-helper
	link "$1/lifeboat-helper-linux-amd64" bin/lifeboat-helper-linux-amd64
	link "$1/lifeboat-helper-linux-arm64" bin/lifeboat-helper-linux-arm64
}
