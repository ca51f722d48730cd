# Device number, root, place, type and source of each mount; the options in between may be long.
sed 's/^[0-9]* [0-9]* \([^ ]*\) \([^ ]*\) \([^ ]*\) [^ ]* .*- \([^ ]*\) \([^ ]*\) .*/\1 \2 \3 \4 \5/' /proc/self/mountinfo | tag mount
