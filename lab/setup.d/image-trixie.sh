# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# The file system of nodes that a version change leads to: what lab/image makes of the next Debian, with PostgreSQL alone.

image_trixie_says() { echo 'second image of the nodes: Debian 13 by debootstrap'; }
image_trixie_hint() { image_hint; }
image_trixie_inputs() { (cd "$root" && find lab/image -type f ! -name packages | LC_ALL=C sort); }
image_trixie_ready() { linked "$(kept image-trixie)" image-trixie; }
image_trixie_build() { bash "$root/lab/image/build" "$1" trixie "$root/lab/image/packages-trixie"; }
image_trixie_link() { link "$1" image-trixie; }
