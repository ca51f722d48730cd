grep -c '^processor' /proc/cpuinfo | tag cpus
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tag model
# Those that decide what a target must have, or how fast ssh and TLS will be there.
grep -E '^(flags|Features)' /proc/cpuinfo | head -n 1 | tr ' ' '\n' |
	grep -xE 'aes|pclmulqdq|pmull|sha_ni|sha2|sse4_2|avx|avx2|avx512f|asimd|rdrand|lm|hypervisor' | tag flag
grep -E '^(MemTotal|MemAvailable|MemFree|Buffers|Cached|SwapTotal|SwapFree):' /proc/meminfo | tag memory
# How busy it was since it started, and in the last minutes.
sed -n 's/^cpu  *//p' /proc/stat | tag ticks
tag load </proc/loadavg
