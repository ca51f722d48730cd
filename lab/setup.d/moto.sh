# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# moto, a simulated AWS (EC2, Route 53, IAM, STS), which lab/moto/server.py starts with the rules of AWS that it lacks.

moto_says() { echo 'moto, a simulated AWS, from its wheels'; }
moto_hint() { echo 'look into the log: pip needs the package index, and python3 -m venv must work (apt-get install python3-venv)'; }
moto_inputs() { echo lab/moto/requirements.txt; }

moto_ready() {
	linked "$(kept moto)" moto-venv && linked "$root/lab/moto/moto_server" bin/moto_server &&
		[[ -x $lab/moto-venv/bin/python3 ]]
}

moto_build() {
	python3 -m venv "$1"
	"$1/bin/python3" -m pip install --quiet --no-deps --requirement "$root/lab/moto/requirements.txt"
}

moto_link() {
	link "$1" moto-venv
	link "$root/lab/moto/moto_server" bin/moto_server
}
