# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# fpsync (of fpart) and rclone, which the benchmark of the first copy runs on the nodes beside ours: the packages of the
# nodes' own Debian, unpacked, whatever the machine runs.

opponents_says() { echo 'fpsync and rclone for the nodes: Debian packages'; }
opponents_hint() { echo 'look into the log: apt-get of the base image needs its Debian mirror'; }
opponents_inputs() { image_inputs; }
opponents_ready() { linked "$(kept opponents)" opponents; }

# By the image's own apt, in a layer over it that ends with its mounts.
opponents_build() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --propagation private bash -euc '
		mount -t tmpfs tmpfs /mnt
		mkdir /mnt/changes /mnt/work /mnt/root
		mount -t overlay -o "lowerdir=$1,upperdir=/mnt/changes,workdir=/mnt/work" overlay /mnt/root
		mount --bind /dev /mnt/root/dev
		cp /etc/resolv.conf /mnt/root/etc/resolv.conf
		chroot /mnt/root sh -euc "apt-get update; cd /tmp; apt-get download fpart rclone"
		for package in /mnt/root/tmp/*.deb; do dpkg-deb --extract "$package" "$2"; done
	' build "$(readlink -f "$lab/image")" "$1"
	rm -rf "$1/usr/share"
}

opponents_link() { link "$1" opponents; }
