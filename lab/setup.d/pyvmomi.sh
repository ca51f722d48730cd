# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# pyVmomi, which the benchmark of the inventory runs beside ours.

pyvmomi_says() { echo 'pyVmomi, from its wheel'; }
pyvmomi_hint() { echo 'look into the log: pip needs the package index, and python3 -m venv must work (apt-get install python3-venv)'; }
pyvmomi_inputs() { echo lab/tools/pyvmomi/requirements.txt; }
pyvmomi_ready() { linked "$(kept pyvmomi)" pyvmomi-venv && [[ -x $lab/pyvmomi-venv/bin/python3 ]]; }

pyvmomi_build() {
	python3 -m venv "$1"
	"$1/bin/python3" -m pip install --quiet --no-deps --requirement "$root/lab/tools/pyvmomi/requirements.txt"
}

pyvmomi_link() { link "$1" pyvmomi-venv; }
