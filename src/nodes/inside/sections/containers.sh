# containers ENGINE: all that it has, running or not.
containers() {
	rows=$("$1" ps --all --format '{{.ID}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}') || { unseen "containers.$1" "$1 does not answer us"; return; }
	[ -z "$rows" ] || printf '%s\n' "$rows" | tag "$1"
}
# Only where there are any: podman would make its store by being asked, and asked by a user it would tell of theirs alone.
if [ -S /var/run/docker.sock ] && has docker; then
	containers docker
elif running dockerd; then
	unseen containers.docker 'docker runs, but its client or socket is not there'
fi
if [ -d /var/lib/containers/storage ] && has podman; then
	if isroot; then containers podman; else unseen containers.podman 'only root sees the containers of podman'; fi
fi
! running containerd || [ -S /var/run/docker.sock ] || unseen containers.containerd 'containerd runs, but is not asked'
