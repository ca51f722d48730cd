if [ -d /run/systemd/system ] && has systemctl; then
	echo yes | tag systemd
	systemctl show --no-pager -p Id -p ActiveState -p SubState -p UnitFileState -p FragmentPath '*.service' | tag service
	systemctl show --no-pager -p Id -p Unit -p ActiveState -p FragmentPath -p TimersCalendar -p TimersMonotonic '*.timer' | tag timer
elif [ -d /etc/init.d ]; then
	ls -1$q /etc/init.d | grep -v '^README$' | tag init
	unseen services.state 'systemctl is not there; the scripts of /etc/init.d do not tell what runs'
	unseen timers 'systemctl is not there'
else
	unseen services 'neither systemctl nor /etc/init.d is there'
fi
