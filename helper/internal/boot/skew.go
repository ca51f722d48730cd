//go:build !labclock

package boot

func skewMs() int64 { return 0 }
