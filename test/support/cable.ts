// A fence as an owner might write it: the cable of web-1, on the switch of the lab.
const command = `read -r line
wire=$(ip -o link show type veth | sed -n 's/^[0-9]*: \\(wire[0-9]*\\)@.* link-netns web-1 *$/\\1/p')
case $line in *'"op":"fence"'*) ip link set "$wire" down ;; *'"op":"unfence"'*) ip link set "$wire" up ;; esac
if ip -o link show "$wire" | grep -q '[<,]UP[,>]'; then echo '{"fenced":false}'; else echo '{"fenced":true,"text":"its cable is out"}'; fi`

export const cable = { kind: 'hook', command } as const
