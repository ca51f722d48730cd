# Addresses that stand in configuration as they are: no switch of a name reaches them. What describes this machine's own
# network is left out, the target has its own.
# The grep of busybox would follow links out of /etc.
find /etc -type f -exec grep -oHsE '([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{0,4}){2,7}' {} + |
	grep -vE '^/etc/(hosts|resolv\.conf|network/|netplan/|NetworkManager/|systemd/network/|sysconfig/network|ssh/|ssl/|machine-id|services)' |
	grep -vE ':(0\.0\.0\.0|127\.[0-9.]+|255\.[0-9.]+|::1?)$' | sort -u | head -n 1000 | tag literal
