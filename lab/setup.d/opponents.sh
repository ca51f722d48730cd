# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# fpsync (of fpart) and rclone, which the benchmark of the first copy runs on the nodes beside ours: the packages of the
# nodes' own Debian, unpacked, whatever the machine runs.

opponents_says() { echo 'fpsync and rclone for the nodes: Debian packages'; }
opponents_hint() { echo 'look into the log: apt-get of the base image needs its Debian mirror'; }
opponents_inputs() { image_inputs; }
opponents_ready() { linked "$(kept opponents)" opponents; }

opponents_build() { unpack_packages "$1" fpart rclone; }
opponents_link() { link "$1" opponents; }
