# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# govc, which the benchmark of the inventory runs beside ours.

govc_says() { echo 'govc, from its Go module'; }
govc_hint() { echo 'look into the log: the build needs the Go module proxy'; }
govc_inputs() { go_sources lab/tools/govc; }
govc_ready() { linked "$(kept govc)/govc" bin/govc; }
govc_build() { build_go "$root/lab/tools/govc" -ldflags '-s -w' -o "$1/govc" .; }
govc_link() { link "$1/govc" bin/govc; }
