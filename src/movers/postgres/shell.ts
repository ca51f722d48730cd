// What the scripts of both ways of replication have in common. Each begins with `unit` set, and `as` to run a command as the
// owner of the cluster.

/**
 * `keep` and `drop`: a file is there, or not, also after a loss of power. `halt` stops the unit; one that is being started,
 * as at boot, is waited for before (`systemctl start` does just that): in its start systemd would end it by SIGTERM to all its
 * processes, after which PostgreSQL 15 was seen to wait for its own background writer for ever, whatever it is sent later but
 * SIGQUIT.
 */
export const shell = `keep() { [ -e "$1" ] || { as touch "$1"; sync "$1" "$(dirname "$1")"; }; }
drop() { [ ! -e "$1" ] || { rm -f "$1"; sync "$(dirname "$1")"; }; }
halt() { [ "$(systemctl show -p ActiveState --value "$unit")" != activating ] || systemctl start "$unit"; systemctl stop "$unit"; }
`
