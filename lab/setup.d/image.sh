# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# The file system that every node of the lab starts from: a small Debian with systemd and ssh (lab/image).

image_says() { echo 'base image of the nodes: Debian 12 by debootstrap'; }
image_hint() { echo 'look into the log: debootstrap needs the Debian mirror of /etc/apt, and a cache folder on a file system without nodev and noexec'; }
image_inputs() { (cd "$root" && find lab/image -type f ! -name packages-trixie | LC_ALL=C sort); }
image_ready() { linked "$(kept image)" image; }
image_build() { bash "$root/lab/image/build" "$1" bookworm "$root/lab/image/packages"; }
image_link() { link "$1" image; }
