# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# The vCenter of the lab: the simulator of govmomi with our main.

vcsim_says() { echo 'vcsim, a simulated vCenter, from its Go module'; }
vcsim_hint() { echo 'look into the log: the build needs the Go module proxy'; }
vcsim_inputs() { go_sources lab/vcsim; }
vcsim_ready() { linked "$(kept vcsim)/vcsim" bin/vcsim; }
vcsim_build() { build_go "$root/lab/vcsim" -ldflags '-s -w' -o "$1/vcsim" .; }
vcsim_link() { link "$1/vcsim" bin/vcsim; }
