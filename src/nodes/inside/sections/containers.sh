format='{{.ID}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}'
# Only where there are any: podman would make its store by being asked.
if [ -S /var/run/docker.sock ] && has docker; then
	docker ps --all --format "$format" | tag docker || unseen containers.docker 'docker does not answer us'
elif running dockerd; then
	unseen containers.docker 'docker runs, but its client or socket is not there'
fi
if [ -d /var/lib/containers/storage ] && has podman; then
	podman ps --all --format "$format" | tag podman || unseen containers.podman 'podman does not answer us'
fi
! running containerd || [ -S /var/run/docker.sock ] || unseen containers.containerd 'containerd runs, but is not asked'
