# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# Prometheus Alertmanager, which a test sets up by our template: the package of the nodes' own Debian, unpacked, whatever the
# machine runs.

alertmanager_says() { echo 'Alertmanager: a Debian package'; }
alertmanager_hint() { echo 'look into the log: apt-get of the base image needs its Debian mirror'; }
alertmanager_inputs() { image_inputs; }
alertmanager_ready() { linked "$(kept alertmanager)" alertmanager; }
alertmanager_build() { unpack_packages "$1" prometheus-alertmanager; } # with its templates, without which it does not start
alertmanager_link() { link "$1" alertmanager; }
